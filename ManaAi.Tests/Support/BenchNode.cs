using ManaAi.Actors;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace ManaAi.Tests.Support;

/// <summary>What one node does with the ledger, one step at a time.</summary>
internal sealed class BenchNode
{
    private readonly LedgerBench _bench;
    private readonly ChangeFeed _sweep;
    private readonly WriteBacks _writeBacks;

    public BenchNode(
        LedgerBench bench,
        MissionProjectors projectors,
        Metrics metrics,
        NodeId id,
        RunOptions options,
        BudgetOptions? budgets,
        SyncDatabase? database,
        FeedOptions feed
    )
    {
        _bench = bench;
        database ??= bench.Sync;
        Options = options;
        Id = id;
        Feed = new ChangeFeed(database, projectors, feed, metrics, NullLogger<ChangeFeed>.Instance);
        _sweep = new ChangeFeed(
            database,
            projectors,
            feed with
            {
                SweepInterval = TimeSpan.Zero,
            },
            metrics,
            NullLogger<ChangeFeed>.Instance
        );
        Ledger = new RunLedger(database, id, options);
        var rows = new OwnRows(options, new ScheduleOptions(), feed, NullLogger<OwnRows>.Instance);
        // Each by itself: the simulation stops one flow and goes on with another.
        Calls = new CallLedger(database, id, budgets ?? new BudgetOptions(), atOnce: int.MaxValue);
        Gate = new LlmGate(
            database,
            id,
            new LlmGateOptions(),
            TimeProvider.System,
            metrics,
            NullLogger<LlmGate>.Instance
        );
        WriterOf = atOnce => new IterationWriter(
            database,
            id,
            rows,
            new ScheduleOptions(),
            metrics,
            NullLogger<IterationWriter>.Instance,
            atOnce
        );
        Writer = WriterOf(int.MaxValue);
        _writeBacks = new WriteBacks(database, id, rows, new ScheduleOptions());
        Opener = new OccurrenceOpener(
            database,
            new ScheduleWriter(database, id, rows, NullLogger<ScheduleWriter>.Instance),
            options,
            new ScheduleOptions(),
            metrics,
            NullLogger<OccurrenceOpener>.Instance
        );
    }

    /// <summary>What this node plans with.</summary>
    public const string Model = "mana/reasoning";

    public NodeId Id { get; }

    public RunOptions Options { get; }

    public ChangeFeed Feed { get; }

    public RunLedger Ledger { get; }

    public CallLedger Calls { get; }

    public LlmGate Gate { get; }

    /// <summary>Each by itself.</summary>
    public IterationWriter Writer { get; }

    /// <summary>One that lets so many transactions be on their way before others go together.</summary>
    public Func<int, IterationWriter> WriterOf { get; }

    public OccurrenceOpener Opener { get; }

    /// <summary>Folds and opens, as a tick does; the runs that are open and claimable then.</summary>
    /// <param name="begin">What planners do while the others of a herd are opened.</param>
    public async Task<IReadOnlyCollection<long>> TickAsync(
        bool isDryRun = false,
        Func<CancellationToken, ValueTask>? begin = null
    )
    {
        await FoldAsync();
        var report = await Opener.OpenAsync(
            _bench.Access,
            isDryRun,
            begin ?? (_ => ValueTask.CompletedTask),
            CancellationToken.None
        );
        return report.Claimable;
    }

    public Task<FoldReport> FoldAsync() => Feed.FoldAsync(_bench.Access.Shape, CancellationToken.None);

    /// <summary>As the sweep does that comes every few minutes.</summary>
    public Task<FoldReport> SweepAsync() => _sweep.FoldAsync(_bench.Access.Shape, CancellationToken.None);

    public async Task<IReadOnlyList<Claim>> ClaimAsync(int slots = 8) => (await RoundAsync(slots)).Claims;

    /// <summary>A round of claiming, with what stood in its way.</summary>
    /// <param name="firstCall">What is counted with each claim; nothing where none is given.</param>
    public Task<ClaimRound> RoundAsync(int slots = 8, Func<Claim, CallPlan?>? firstCall = null) =>
        Ledger.ClaimAsync(slots, Model, firstCall ?? (_ => null), CancellationToken.None);

    /// <summary>Ticks, and claims the only run there is.</summary>
    public async Task<Claim> TickAndClaimAsync()
    {
        await TickAsync();
        return (await ClaimAsync()).ShouldHaveSingleItem();
    }

    public Task<WriteBackResult> WriteAsync(Claim claim, Verdict? verdict = null, Agent? agent = null) =>
        Writer.WriteAsync(
            _bench.Access,
            claim,
            agent,
            verdict ?? LedgerBench.Planned,
            CancellationToken.None
        );

    /// <summary>What several runs came to, in one transaction; null for those that are to be written alone.</summary>
    public Task<IReadOnlyList<WriteBackEnd?>> WriteTogetherAsync(
        params IReadOnlyList<(Claim Claim, Verdict Verdict)> all
    ) =>
        _writeBacks.WriteAsync(
            [.. all.Select(one => new AskedWrite(_bench.Access, one.Claim, Agent: null, one.Verdict))],
            waits: false,
            CancellationToken.None
        );

    /// <summary>Asks whether a call may be made, and counts it if so.</summary>
    public Task<Admission> AdmitAsync(Claim claim, long estimate = 100, PlanMode mode = PlanMode.Json) =>
        Calls.AdmitAsync(
            claim,
            new CallPlan(Model, "prompt", "tools", Options.CallsMaxOf(mode), estimate),
            CancellationToken.None
        );

    /// <summary>Keeps an answer that cost so many tokens.</summary>
    public Task<bool> KeepAsync(Claim claim, string content, long tokens = 2, int place = 0) =>
        KeepAsync(claim, new KeptAnswer(content, "stop", null), tokens, place);

    /// <summary>Calls that were made and answered, one after the other.</summary>
    public async Task AskAsync(Claim claim, params IReadOnlyList<KeptAnswer> answers)
    {
        for (var place = 0; place < answers.Count; place++)
        {
            await AdmitAsync(claim, mode: PlanMode.Tools);
            await KeepAsync(claim, answers[place], tokens: 2, place);
        }
    }

    private Task<bool> KeepAsync(Claim claim, KeptAnswer answer, long tokens, int place) =>
        Calls.KeepAnswerAsync(
            claim,
            place,
            answer.ToJson(),
            new LlmUsage(tokens, 0),
            estimate: 100,
            TimeSpan.FromMilliseconds(5),
            CancellationToken.None
        );

    public Task<bool> ReleaseAsync(Claim claim, Release release) =>
        Ledger.ReleaseAsync(claim, release, CancellationToken.None);
}
