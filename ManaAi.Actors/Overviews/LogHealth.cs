namespace ManaAi.Actors.Overviews;

/// <summary>How well the change log is read, as of one look.</summary>
/// <param name="Now">The database's clock.</param>
public sealed record LogHealth(DateTimeOffset Now)
{
    /// <summary>When a tick last read the log, and when one last looked far back; null where none ever did.</summary>
    public DateTimeOffset? ReadAt { get; init; }

    public DateTimeOffset? SweptAt { get; init; }

    public int? Generation { get; init; }

    /// <summary>How many transactions have begun since the oldest one that is still open.</summary>
    public long HorizonAge { get; init; }

    /// <summary>A transaction that was open at the last read, or at the last sweep, still is.</summary>
    public bool IsOpenSinceRead { get; init; }

    public bool IsOpenSinceSweep { get; init; }

    /// <summary>Ids of folded rows that are kept until the next sweep.</summary>
    public long FoldedKept { get; init; }

    /// <summary>Transactions that have written and are open, the oldest first.</summary>
    public IReadOnlyList<OpenTransaction> Transactions { get; init; } = [];

    /// <summary>The last seven days of UTC on which a tick found something, oldest first.</summary>
    public IReadOnlyList<DayOfRows> Days { get; init; } = [];

    /// <summary>Rows that were stored with a time to come, the furthest first; not all where there are many.</summary>
    public IReadOnlyList<FutureRow> FutureRows { get; init; } = [];

    /// <summary>Missions that are never due here, by why.</summary>
    public IReadOnlyList<(string Obstacle, long Missions)> Obstacles { get; init; } = [];
}

/// <param name="Session">The server process, or `prepared`.</param>
/// <param name="StartedAt">null where the login may not know.</param>
/// <param name="Age">How many transactions have begun since.</param>
public sealed record OpenTransaction(string Session, string? User, DateTimeOffset? StartedAt, long Age);

/// <param name="LateRows">Rows that became visible behind the margin of their tick.</param>
/// <param name="FailedTicks">Ticks that ended with an error.</param>
public sealed record DayOfRows(DateOnly Day, long LateRows, long Rows, long FailedTicks);

/// <param name="Ahead">By how much, when it was looked at.</param>
public sealed record FutureRow(
    string UserId,
    string RecordId,
    string Table,
    string? ClientId,
    DateTimeOffset CreatedAt,
    TimeSpan Ahead
);
