using System.Text.Json;
using ManaAi.Actors;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ManaAi.Bench.Measuring;

/// <summary>The ledger and the write-back of a node in this process, without all that is around them in a service.</summary>
internal sealed class DirectNode : IAsyncDisposable
{
    // One step, as the stand-in proposes it.
    private static readonly Verdict Planned = new Verdict.Planned(
        new Plan(
            "One thing to do.",
            [
                new PlannedStep(
                    "Note it down",
                    "create_task",
                    JsonSerializer.SerializeToElement(new { title = "Note it down" }),
                    "So that it is not forgotten."
                ),
            ]
        )
    );

    private readonly NpgsqlDataSource _source;
    private readonly PreparingSource _preparing;
    private readonly Metrics _metrics = new();
    private readonly LogAccess _access;
    private readonly RunLedger _ledger;
    private readonly Preparer _preparer;
    private readonly IterationWriter _writer;

    private DirectNode(NpgsqlDataSource source, string connectionString, LogShape shape)
    {
        _source = source;
        _preparing = new PreparingSource(connectionString, "bench", NullLogger<PreparingSource>.Instance);
        _access = new LogAccess(shape, HasUserRole: true);
        var database = new SyncDatabase(source, _preparing);
        var node = new NodeId("bench");
        var schedule = new ScheduleOptions();
        // Nobody renews these leases.
        var runs = new RunOptions { Lease = TimeSpan.FromHours(1) };
        _ledger = new RunLedger(database, node, runs);
        _preparer = new Preparer(
            new PlannerOptions(),
            runs,
            schedule,
            new CallLedger(database, node, new BudgetOptions()),
            TimeProvider.System
        );
        _writer = new IterationWriter(
            database,
            node,
            new OwnRows(runs, schedule, new FeedOptions(), NullLogger<OwnRows>.Instance),
            schedule,
            _metrics,
            NullLogger<IterationWriter>.Instance,
            atOnce: int.MaxValue // Each in a transaction of its own.
        );
    }

    public static async Task<DirectNode> CreateAsync(
        BenchDatabase database,
        CancellationToken cancellationToken
    )
    {
        var source = NpgsqlDataSource.Create(database.ReaderConnectionString);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return new DirectNode(
            source,
            database.ReaderConnectionString,
            (await LogShape.ReadAsync(connection, cancellationToken))!
        );
    }

    public async Task<IReadOnlyList<Claim>> ClaimAsync(int slots, CancellationToken cancellationToken) =>
        (
            await _ledger.ClaimAsync(
                slots,
                "a-model",
                claim => _preparer.Prepare(claim, _access.Shape.Generation).FirstCall,
                cancellationToken
            )
        ).Claims;

    public Task<WriteBackResult> WriteAsync(Claim claim, CancellationToken cancellationToken) =>
        _writer.WriteAsync(_access, claim, agent: null, Planned, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _preparing.DisposeAsync();
        await _source.DisposeAsync();
        _metrics.Dispose();
    }
}
