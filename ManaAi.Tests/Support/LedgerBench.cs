using System.Globalization;
using System.Text.Json;
using ManaAi.Actors;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace ManaAi.Tests.Support;

/// <summary>
/// The feed, the ledger and the write-back over a fresh database, as any number of nodes that a test drives step by
/// step: nothing ticks or claims by itself.
/// </summary>
internal sealed class LedgerBench : IAsyncDisposable
{
    private readonly bool _isOwner;
    private readonly DatabaseGate _gate;
    private readonly MissionProjectors _projectors = new(2, NullLogger<MissionProjectors>.Instance);

    private LedgerBench(TestDatabase database, bool isOwner)
    {
        _isOwner = isOwner;
        Database = database;
        Sync = new SyncDatabase(database.Reader);
        _gate = new DatabaseGate(Sync, TimeProvider.System, NullLogger<DatabaseGate>.Instance);
        _projectors.Start();
    }

    public TestDatabase Database { get; }

    public Metrics Metrics { get; } = new();

    public SyncDatabase Sync { get; }

    public LogAccess Access { get; private set; } = null!;

    /// <summary>One plan of one step.</summary>
    public static Verdict.Planned Planned { get; } =
        new(
            new Plan(
                "One evening is enough.",
                [
                    new PlannedStep(
                        "Read a chapter",
                        "create_task",
                        JsonDocument.Parse("""{"title":"Read"}""").RootElement,
                        "It keeps the pace"
                    ),
                ]
            )
        );

    public static async Task<LedgerBench> CreateAsync(LogGeneration generation = LogGeneration.Two) =>
        await OpenAsync(new LedgerBench(await TestDatabase.RentAsync(generation), isOwner: true));

    /// <summary>Beside others, on a database that somebody else drops.</summary>
    public static Task<LedgerBench> OnAsync(TestDatabase database) =>
        OpenAsync(new LedgerBench(database, isOwner: false));

    public BenchNode Node(
        string name = "node-1",
        RunOptions? options = null,
        BudgetOptions? budgets = null,
        SyncDatabase? database = null,
        FeedOptions? feed = null
    ) =>
        new(
            this,
            _projectors,
            Metrics,
            new NodeId(name),
            options ?? new RunOptions(),
            budgets,
            database,
            feed ?? new FeedOptions()
        );

    /// <summary>The database's clock, which is the only one that counts.</summary>
    public async Task<DateTimeOffset> NowAsync() =>
        await Database.ReadAsync<DateTimeOffset>("select clock_timestamp()");

    /// <summary>A mission that has been due for a while; nobody has folded it yet.</summary>
    public async Task<DeviceMission> InsertDueAsync(
        string id = "mission-1",
        Func<DeviceMission, DeviceMission>? change = null
    )
    {
        var mission = new DeviceMission(id, Cut(await NowAsync()) - TimeSpan.FromMinutes(1));
        mission = change?.Invoke(mission) ?? mission;
        await Database.InsertChangeAsync(mission.ToInsert());
        return mission;
    }

    /// <summary>Many at once, straight into the log.</summary>
    public Task InsertManyDueAsync(string userId, int count) =>
        Database.ExecuteAsync(
            $$"""
            insert into public.sync_changes (app_id, table_name, record_id, user_id, op, client_id, data)
            select 'ai', 'aiMissions', 'mission-' || n, '{{userId}}', 'insert', 'device-1',
                   jsonb_build_object('objective', 'Read', 'state', 'active', 'iterations', '[]'::jsonb,
                                      'cadence', '{"kind":"daily","atHour":7,"atMinute":0}'::jsonb,
                                      'updatedAt', '2020-01-01T00:00:00.000Z',
                                      'nextRunAt', '2020-01-01T00:00:00.000Z')
              from generate_series(1, {{count.ToString(CultureInfo.InvariantCulture)}}) n
            """
        );

    /// <summary>A device edits one field now, by a clock that is right unless a stamp says otherwise.</summary>
    public async Task<Guid> EditAsync(
        DeviceMission mission,
        string field,
        string json,
        string? stamp = null
    ) =>
        await Database.InsertChangeAsync(
            mission.ToEdit(Database.Generation, field, json, stamp ?? await StampAsync())
        );

    public async Task<string> StampAsync() => IsoText.Milliseconds(await NowAsync());

    /// <summary>As if every claim had been left alone for longer than its lease.</summary>
    public Task AgeLeasesAsync() =>
        Database.ExecuteAsync(
            """
            update mana_ai.runs set lease_until = clock_timestamp() - interval '1 second'
             where lease_until is not null;
            update mana_ai.users set ready_at = clock_timestamp()
            """
        );

    /// <summary>As if everything that waits had waited long enough.</summary>
    public Task EndWaitsAsync() =>
        Database.ExecuteAsync(
            """
            update mana_ai.runs set claimable_at = clock_timestamp() where verdict is null;
            update mana_ai.users set ready_at = clock_timestamp()
            """
        );

    /// <summary>I5: the projection is the fold of all visible rows from nothing, position included.</summary>
    public async Task ShouldBeFoldedAsync(DeviceMission mission)
    {
        var row = await Database.MissionAsync(mission);
        var key = new RecordKey(mission.UserId, RecordKey.App, RecordKey.MissionsTable, mission.Id);
        await using var transaction = await Sync.BeginAsync(CancellationToken.None);
        var folded = await RecordReader.FoldAsync(
            transaction,
            Access.Shape,
            key,
            3,
            [],
            CancellationToken.None
        );
        var stored = folded.Record.Stored;
        var state = folded.Record.Mission.ShouldNotBeNull();
        ShouldBeSame(row.Record, stored.Record);
        ShouldBeSame(row.FieldTimes, stored.FieldTimes);
        (row.PositionAt, row.PositionId).ShouldBe((stored.Position.CreatedAt, stored.Position.Id));
        (row.State, row.NextRunAt, row.Deleted, row.Obstacle).ShouldBe(
            (state.State, state.NextRunAt, state.IsDeleted, state.Obstacle)
        );
        (row.AgentId, row.RunningUntil, row.IterationsAt).ShouldBe(
            (state.AgentId, state.RunningUntil, stored.IterationsAt)
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _projectors.StopAsync(CancellationToken.None);
        _projectors.Dispose();
        _gate.Dispose();
        Metrics.Dispose();
        if (_isOwner)
        {
            await Database.DisposeAsync();
        }
    }

    private static async Task<LedgerBench> OpenAsync(LedgerBench bench)
    {
        var answer = await bench._gate.EnterAsync(CancellationToken.None);
        bench.Access = answer.Access.ShouldNotBeNull(string.Join("; ", answer.Reasons));
        return bench;
    }

    private static void ShouldBeSame(JsonElement? left, ReadOnlyMemory<byte>? right)
    {
        if (left is null || right is null)
        {
            (left is null).ShouldBe(right is null);
            return;
        }

        using var document = JsonDocument.Parse(right.Value);
        JsonElement
            .DeepEquals(left.Value, document.RootElement)
            .ShouldBeTrue($"{left.Value.GetRawText()} is not {document.RootElement.GetRawText()}");
    }

    private static DateTimeOffset Cut(DateTimeOffset instant) =>
        new(instant.Ticks - (instant.Ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
}
