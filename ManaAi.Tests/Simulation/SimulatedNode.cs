using ManaAi.Actors;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ManaAi.Tests.Simulation;

/// <summary>
/// One node: the real feed, opener, ledger, planner and write-back. What the pool and the coordinator do by timers, the
/// scheduler asks of it.
/// </summary>
internal sealed class SimulatedNode : IDisposable
{
    private readonly LedgerBench _bench;
    private readonly LlmClient _llm;
    private readonly Preparer _preparer;
    private readonly PlannerActor _actor;

    public SimulatedNode(SimulationWorld world, BenchNode bench, LlmClient llm, PlanMode mode, int seed)
    {
        (_bench, Bench, _llm) = (world.Bench, bench, llm);
        var planner = new TestPlanner(
            llm,
            bench.Calls,
            bench.Gate,
            new PlannerOptions { Mode = mode, Model = BenchNode.Model },
            bench.Options,
            new Random(seed),
            new HurriedTime(),
            world.Metrics,
            NullLogger<Planner>.Instance
        );
        _preparer = planner.Preparer;
        _actor = new PlannerActor(
            planner.Planner,
            planner.Preparer,
            bench.Ledger,
            bench.Writer,
            bench.Options,
            world.Metrics,
            new PlannerSignals(() => { }, () => ValueTask.CompletedTask),
            NullLogger<PlannerActor>.Instance
        );
    }

    public BenchNode Bench { get; }

    /// <summary>Killed, or stopped in order: it does nothing any more.</summary>
    public bool IsDead { get; private set; }

    /// <summary>SIGSTOP: it does nothing until it is continued, and then knows nothing of the time between.</summary>
    public bool IsPaused { get; set; }

    /// <summary>What it is doing, in the order in which it began.</summary>
    public List<Flow> Flows { get; } = [];

    public IEnumerable<Flow> Plans => Flows.Where(flow => flow.Claim is not null);

    public bool IsTicking => Flows.Exists(flow => flow.Name == "tick");

    public void Kill() => IsDead = true;

    public Flow Flow(string name, params IReadOnlyList<Claim> claims)
    {
        var flow = new Flow(name, this) { Claims = claims };
        Flows.Add(flow);
        return flow;
    }

    public Task TickAsync() => Bench.TickAsync();

    public Task SweepAsync() => Bench.SweepAsync();

    /// <summary>As the pool does: with what is asked first.</summary>
    public Task<ClaimRound> ClaimAsync(int slots) =>
        Bench.RoundAsync(slots, claim => _preparer.Prepare(claim, _bench.Access.Shape.Generation).FirstCall);

    /// <summary>As a planner of the pool does.</summary>
    public Task PlanAsync(Flow flow) =>
        _actor.HandleAsync(
            new PlanRun(flow.Claim!, _bench.Access, flow.IsOver.Token),
            CancellationToken.None
        );

    /// <summary>As the writer does with what comes while others are on their way: together, and alone what is left.</summary>
    public async Task WriteTogetherAsync(IReadOnlyList<(Claim Claim, Verdict Verdict)> all)
    {
        IReadOnlyList<WriteBackEnd?> ends = [.. all.Select(_ => (WriteBackEnd?)null)];
        try
        {
            ends = await Bench.WriteTogetherAsync(all);
        }
        catch (NpgsqlException)
        {
            // Nobody knows whether it was committed.
        }

        foreach (var ((claim, verdict), _) in all.Zip(ends).Where(pair => pair.Second is null))
        {
            await Bench.WriteAsync(claim, verdict);
        }
    }

    /// <summary>As the pool does every third of a lease: calls whose claim is lost are ended.</summary>
    public async Task RenewAsync()
    {
        Flow[] plans = [.. Plans.Where(plan => !plan.IsOver.IsCancellationRequested)];
        var renewed = await Bench.Ledger.RenewAsync(
            [.. plans.Select(plan => plan.Claim!)],
            CancellationToken.None
        );
        foreach (var lost in plans.Where(plan => !renewed.Contains(plan.Claim!.RunId)))
        {
            await lost.IsOver.CancelAsync();
        }
    }

    public Task HandBackAsync() => Bench.Ledger.HandBackAsync(CancellationToken.None);

    public void Dispose() => _llm.Dispose();
}
