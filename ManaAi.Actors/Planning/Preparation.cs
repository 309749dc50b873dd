using ManaAi.Actors.Agents;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>What a claimed run is planned from, or why it is not.</summary>
public abstract record Preparation
{
    private Preparation(Agent? agent) => Agent = agent; // Closed: only the cases below can exist.

    public Agent? Agent { get; }

    /// <summary>
    /// The call that is certain to be made, and may be counted with the claim; null where none is, or where a budget has
    /// to be asked before it.
    /// </summary>
    public CallPlan? FirstCall { get; init; }

    /// <summary>It ends so, and nobody is asked.</summary>
    public sealed record Ended(Agent? Agent, Verdict Verdict) : Preparation(Agent);

    internal sealed record Ready(Agent? Agent, Attempt Attempt) : Preparation(Agent);
}
