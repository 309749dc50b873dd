namespace ManaAi.Actors.ChangeLog;

/// <summary>How the change feed looks behind its cursor.</summary>
public sealed record FeedOptions
{
    /// <summary>How far behind the cursor each tick looks (LOG_MARGIN_MS). The default is 2 minutes.</summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How often the wide look is taken (SWEEP_INTERVAL_MS). The default is 5 minutes.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How far back the wide look reaches (SWEEP_WINDOW_MS). The default is a day.</summary>
    public TimeSpan SweepWindow { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Rows in one fold transaction: write-backs wait for it, so it stays short.</summary>
    public int RowsMax { get; init; } = 4000;

    /// <summary>
    /// Bytes of rows in one fold transaction, and of the stored records that they change: memory, and what is written at
    /// once, stay bounded when either is huge.
    /// </summary>
    public long BytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Rows and bytes that a fold from nothing has in hand at once, a few times over; a user with more comes in parts.</summary>
    public int WholeRowsMax { get; init; } = 16_000;

    public long WholeBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>What such parts may make of a user's records; where it is more, they are read one by one.</summary>
    public long WholeUserBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>A stamp further ahead of the database's clock than this is reported.</summary>
    public TimeSpan FutureMax { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>What one look at the change log did.</summary>
/// <param name="ReadAt">The database's clock.</param>
/// <param name="IsElsewhere">Another node was folding; nothing was done.</param>
/// <param name="IsCut">The batch was cut off by its limit: there is more.</param>
public sealed record FoldReport(DateTimeOffset ReadAt, bool IsElsewhere, bool IsCut)
{
    public long Rows { get; init; }
    public long Records { get; init; }
    public long NewRecords { get; init; }
    public int Refolds { get; init; }
    public int LateRows { get; init; }
    public bool IsFromNothing { get; init; }

    /// <summary>Where the next batch goes on; null where the whole is to be looked at again.</summary>
    internal ChangePosition? GoesOnAt { get; init; }

    public FoldReport And(FoldReport next) =>
        next with
        {
            Rows = Rows + next.Rows,
            Records = Records + next.Records,
            NewRecords = NewRecords + next.NewRecords,
            Refolds = Refolds + next.Refolds,
            LateRows = LateRows + next.LateRows,
            IsFromNothing = IsFromNothing || next.IsFromNothing,
        };
}
