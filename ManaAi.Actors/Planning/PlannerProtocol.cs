using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>What a planner is told: plan this claim, until the token says that the claim or the node is gone.</summary>
/// <param name="Preparation">What was made of the claim already; null where the planner is to do it.</param>
public sealed record PlanRun(
    Claim Claim,
    LogAccess Access,
    CancellationToken IsOver,
    Preparation? Preparation = null
);

/// <summary>What a planner says of its run.</summary>
/// <param name="HasAsked">
/// Once at most: the last answer is here. The planner is at work until it has written what came of it.
/// </param>
/// <param name="IsFree">It is free again, whatever became of its run.</param>
public sealed record PlannerSignals(Action HasAsked, Func<ValueTask> IsFree);

/// <summary>What the pool of planners is told.</summary>
public abstract record PoolMessage
{
    private PoolMessage() { } // Closed: only the cases below can exist.

    /// <summary>There is claimable work. From now on the pool also wakes by itself.</summary>
    public sealed record Wake(LogAccess Access) : PoolMessage;

    /// <summary>The time has come at which something waiting may be claimed.</summary>
    public sealed record WaitOver : PoolMessage;

    /// <summary>A planner writes what its run came to: another may ask.</summary>
    public sealed record HasAsked(int Planner) : PoolMessage;

    /// <summary>A planner is free again, whatever became of its run.</summary>
    public sealed record PlannerFree(int Planner) : PoolMessage;

    /// <summary>Leases must be renewed while calls live.</summary>
    public sealed record RenewalDue : PoolMessage;

    /// <summary>No new claims; answer when nothing is under way any more.</summary>
    public sealed record Drain(TaskCompletionSource Drained) : PoolMessage;

    /// <summary>The grace is over: end the calls.</summary>
    public sealed record Abandon : PoolMessage;
}
