namespace ManaAi.Actors.Upkeep;

/// <summary>How long our own rows are kept.</summary>
public sealed record UpkeepOptions
{
    /// <summary>
    /// KEEP_RUNS_MS, and never shorter than MISSED_AFTER_MS: a device may write an old nextRunAt back, and what is younger
    /// than that would be planned again.
    /// </summary>
    public TimeSpan KeepRuns { get; init; } = TimeSpan.FromDays(90);

    /// <summary>KEEP_USAGE_MS; at least the day that budgets look back.</summary>
    public TimeSpan KeepUsage { get; init; } = TimeSpan.FromDays(400);

    /// <summary>KEEP_EVENTS_MS.</summary>
    public TimeSpan KeepEvents { get; init; } = TimeSpan.FromDays(30);

    /// <summary>KEEP_TICKS_MS.</summary>
    public TimeSpan KeepTicks { get; init; } = TimeSpan.FromDays(7);

    /// <summary>From one pruning of this node to the next.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Rows in one transaction: nobody waits for long for a lock of it.</summary>
    public int RowsMax { get; init; } = 1000;

    /// <summary>Transactions for one table in one pruning; the next pruning takes the rest.</summary>
    public int BatchesMax { get; init; } = 100;
}
