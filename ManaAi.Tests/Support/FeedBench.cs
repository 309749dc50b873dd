using ManaAi.Actors;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ManaAi.Tests.Support;

/// <summary>A migrated database of one test and the change feed on it, as the service's own login.</summary>
internal sealed class FeedBench : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly MissionProjectors _projectors = new(2, NullLogger<MissionProjectors>.Instance);

    private FeedBench(TestDatabase database, FeedOptions options)
    {
        Rows = database;
        // One connection more than a fold from nothing needs: what it forgets to give back is missed at once.
        _source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.ReaderConnectionString)
            {
                MaxPoolSize = 5,
                Timeout = 5,
            }
        );
        Sync = new SyncDatabase(_source);
        _projectors.Start();
        Feed = NodeOf(options);
    }

    public TestDatabase Rows { get; }

    public SyncDatabase Sync { get; }

    public ChangeFeed Feed { get; private set; }

    public Metrics Metrics { get; } = new();

    public KeptLog<ChangeFeed> Log { get; } = new();

    public static async Task<FeedBench> CreateAsync(
        LogGeneration generation = LogGeneration.Two,
        FeedOptions? options = null
    )
    {
        var bench = new FeedBench(await TestDatabase.RentAsync(generation), options ?? new FeedOptions());
        var probe = await LogAccessProbe.RunAsync(bench.Sync, CancellationToken.None);
        Assert.Empty(probe.Reasons);
        await Migrator.RunAsync(bench.Sync, probe, CancellationToken.None);
        return bench;
    }

    /// <summary>A feed beside the bench's own, as another node has it.</summary>
    public ChangeFeed NodeOf(FeedOptions options) => NodeOf(options, Sync);

    public ChangeFeed NodeOf(FeedOptions options, SyncDatabase sync) =>
        new(sync, _projectors, options, Metrics, Log);

    public void Use(FeedOptions options) => Feed = NodeOf(options);

    public async Task<FoldReport> FoldAsync(CancellationToken cancellationToken = default) =>
        await Feed.FoldAsync(await ShapeAsync(), cancellationToken);

    /// <summary>The next read is a sweep: the last one is taken to be an hour ago.</summary>
    public async Task<FoldReport> SweepAsync()
    {
        await Rows.ExecuteAsync("UPDATE mana_ai.cursor SET swept_at = swept_at - interval '1 hour'");
        return await FoldAsync();
    }

    public async Task<LogShape> ShapeAsync()
    {
        await using var connection = await _source.OpenConnectionAsync();
        return (await LogShape.ReadAsync(connection, CancellationToken.None))!;
    }

    public Task<DeviceTransaction> BeginAsync(string user = "user-1") => Rows.BeginAsDeviceAsync(user);

    public Task<Guid> InsertAsync(DeviceChange change) => Rows.InsertChangeAsync(change);

    /// <summary>All columns of all projected records, one a line.</summary>
    public async Task<string> ProjectionAsync()
    {
        await using var connection = await _source.OpenConnectionAsync();
        return await ReadProjectionAsync(connection);
    }

    /// <summary>One field of a mission's projected record, as text; null where there is none.</summary>
    public Task<string?> FieldAsync(string field, string mission = "mission-1") =>
        Rows.ReadAsync<string>(
            $"""
            SELECT record ->> '{field}' FROM mana_ai.missions
             WHERE user_id = 'user-1' AND mission_id = '{mission}'
            """
        );

    /// <summary>
    /// What <see cref="ProjectionAsync"/> would say had all that is visible now been folded row by row from nothing.
    /// It goes through the same columns, in a transaction that is rolled back.
    /// </summary>
    public async Task<string> FoldFromNothingAsync()
    {
        var shape = await ShapeAsync();
        await using var transaction = await Sync.BeginAsync(CancellationToken.None);
        var records = await ProjectAllAsync(transaction, shape);
        foreach (var statement in (string[])["ForgetMissions", "ForgetAgents"])
        {
            await using var forget = transaction.Command(Sql.Get(statement));
            await forget.ExecuteNonQueryAsync();
        }

        await ProjectionStore.SaveAsync(
            transaction,
            [.. records.Select(record => record.ToRecord())],
            [],
            CancellationToken.None
        );
        return await ReadProjectionAsync(transaction.Connection);
    }

    public async Task ShouldBeFoldFromNothingAsync(string? because = null) =>
        (await ProjectionAsync()).ShouldBe(await FoldFromNothingAsync(), because);

    public async ValueTask DisposeAsync()
    {
        await _projectors.StopAsync(CancellationToken.None);
        _projectors.Dispose();
        await _source.DisposeAsync();
        await Rows.DisposeAsync();
        Metrics.Dispose();
    }

    private static async Task<IReadOnlyCollection<RecordProjection>> ProjectAllAsync(
        DatabaseTransaction transaction,
        LogShape shape
    )
    {
        var projections = new Dictionary<RecordKey, RecordProjection>();
        await using var command = transaction.Command(
            $"SELECT * FROM ({shape.Statement("ReadWholeLog")}) AS whole ORDER BY created_at, id"
        );
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var row = ChangeRowReader.Read(reader, 0);
            if (row.Key.RecordId.Length == 0)
            {
                continue;
            }

            if (!projections.TryGetValue(row.Key, out var projection))
            {
                projections[row.Key] = projection = new RecordProjection(shape.Generation, row.Key);
            }

            projection.Add(row);
        }

        return projections.Values;
    }

    private static async Task<string> ReadProjectionAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), '')
              FROM (SELECT 'mission ' || m::text AS line FROM mana_ai.missions AS m
                    UNION ALL
                    SELECT 'agent ' || a::text FROM mana_ai.agents AS a) AS lines
            """,
            connection
        );
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
