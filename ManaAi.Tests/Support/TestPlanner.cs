using ManaAi.Actors;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging;
using Generation = ManaAi.Actors.ChangeLog.LogGeneration;

namespace ManaAi.Tests.Support;

/// <summary>A planner, and what prepares its runs.</summary>
internal sealed class TestPlanner
{
    public TestPlanner(
        LlmClient llm,
        CallLedger calls,
        LlmGate gate,
        PlannerOptions options,
        RunOptions runs,
        Random random,
        TimeProvider time,
        Metrics metrics,
        ILogger<Planner> log
    )
    {
        Preparer = new Preparer(options, runs, new ScheduleOptions(), calls, time);
        Planner = new Planner(llm, calls, gate, Preparer, runs, random, time, metrics, log);
    }

    public Preparer Preparer { get; }

    public Planner Planner { get; }

    /// <summary>Plans a claim that there is something to ask for, or to take up.</summary>
    public Task<AttemptEnd> PlanAsync(Claim claim, Generation generation)
    {
        var (_, attempt) = Preparer.Prepare(claim, generation).ShouldBeOfType<Preparation.Ready>();
        return Planner.PlanAsync(attempt, () => { }, CancellationToken.None);
    }
}
