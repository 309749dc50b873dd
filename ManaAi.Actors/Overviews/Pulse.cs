using ManaAi.Actors.Cluster;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Overviews;

/// <summary>What goes on over all nodes, as of one look at the database.</summary>
/// <param name="Now">The database's clock.</param>
public sealed record Pulse(DateTimeOffset Now)
{
    /// <summary>When a tick last read the change log; null where none ever did.</summary>
    public DateTimeOffset? LogReadAt { get; init; }

    public OpenRuns Open { get; init; } = new(0, 0, 0, null);

    /// <summary>The last hour, oldest first; minutes in which nothing ended are there too.</summary>
    public IReadOnlyList<MinuteOfRuns> Minutes { get; init; } = [];

    /// <summary>Tokens of the last 24 hours, and those reserved for calls under way.</summary>
    public (long Used, long Reserved) Tokens { get; init; }

    public GateReading Gate { get; init; } = GateReading.Open;

    /// <summary>How many pauses are in force.</summary>
    public long Pauses { get; init; }

    /// <summary>The living first.</summary>
    public IReadOnlyList<NodeState> Nodes { get; init; } = [];

    /// <summary>How long the run that waits longest could have been claimed already.</summary>
    public TimeSpan Lag => Open.OldestAt is { } oldest && oldest < Now ? Now - oldest : TimeSpan.Zero;
}

/// <summary>Runs without a verdict.</summary>
/// <param name="Claimed">A node is planning them.</param>
/// <param name="Claimable">Any node may claim them now.</param>
/// <param name="Waiting">They wait for a time, a device, an operator, or the tick that closes them.</param>
/// <param name="OldestAt">Since when the claimable one that waits longest could have been claimed.</param>
public sealed record OpenRuns(long Claimed, long Claimable, long Waiting, DateTimeOffset? OldestAt)
{
    public long All => Claimed + Claimable + Waiting;
}

/// <summary>How the runs of one minute ended.</summary>
/// <param name="Planned">With a plan or an empty one.</param>
/// <param name="Other">Skipped or superseded.</param>
public sealed record MinuteOfRuns(DateTimeOffset At, long Planned, long Failed, long Other)
{
    public long All => Planned + Failed + Other;
}
