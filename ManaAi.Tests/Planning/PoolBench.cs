using ManaAi.Actors;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Planning;

/// <summary>A pool of planners; by itself its database and its LLM are away: nobody listens on that port.</summary>
internal sealed class PoolBench : IAsyncDisposable
{
    private static readonly LogAccess _access = new(
        new(ManaAi.Actors.ChangeLog.LogGeneration.Two, HasOrigin: true, HasSpaceId: true),
        HasUserRole: true
    );

    private readonly NpgsqlDataSource _source;
    private readonly LlmClient _llm;
    private readonly Metrics _metrics = new();

    public PoolBench()
        : this(
            NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody"),
            new Uri("http://127.0.0.1:1")
        ) { }

    /// <param name="source">Disposed with the bench.</param>
    /// <param name="asking">Planners that may ask at once.</param>
    private PoolBench(NpgsqlDataSource source, Uri llm, int asking = 3)
    {
        _source = source;
        var (runs, node, schedule) = (
            new RunOptions { ConcurrentMax = asking },
            new NodeId("n"),
            new ScheduleOptions()
        );
        var database = new SyncDatabase(_source);
        var ledger = new RunLedger(database, node, runs);
        var writer = new IterationWriter(
            database,
            node,
            new OwnRows(runs, schedule, new FeedOptions(), new KeptLog<OwnRows>()),
            schedule,
            _metrics,
            new KeptLog<IterationWriter>()
        );
        _llm = new LlmClient(llm, () => "key", new LlmLimits(), Time);
        var planner = new TestPlanner(
            _llm,
            new CallLedger(database, node, new BudgetOptions()),
            new LlmGate(database, node, new LlmGateOptions(), Time, _metrics, new KeptLog<LlmGate>()),
            new PlannerOptions(),
            runs,
            new Random(1),
            Time,
            _metrics,
            new KeptLog<Planner>()
        );
        Pool = new PlannerPool(
            ledger,
            runs,
            new PlannerOptions(),
            planner.Preparer,
            signals => new PlannerActor(
                planner.Planner,
                planner.Preparer,
                ledger,
                writer,
                runs,
                _metrics,
                signals,
                new KeptLog<PlannerActor>()
            ),
            Time,
            _metrics,
            Log
        );
    }

    /// <summary>A pool on a real database, and what it is woken with. The schema is there then.</summary>
    public static async Task<(PoolBench Bench, LogAccess Access)> OnAsync(
        TestDatabase database,
        Uri llm,
        int asking = 3
    )
    {
        var source = NpgsqlDataSource.Create(database.ReaderConnectionString);
        using var gate = new DatabaseGate(
            new SyncDatabase(source),
            TimeProvider.System,
            new KeptLog<DatabaseGate>()
        );
        var access = (await gate.EnterAsync(CancellationToken.None)).Access.ShouldNotBeNull();
        return (new PoolBench(source, llm, asking), access);
    }

    public ManualTime Time { get; } = new();

    public KeptLog<PlannerPool> Log { get; } = new();

    public PlannerPool Pool { get; }

    public Task WakeAsync() => Pool.WakeAsync(_access, CancellationToken.None).AsTask();

    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync();
        _llm.Dispose();
        _metrics.Dispose();
        await _source.DisposeAsync();
    }
}
