using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Tests.Support;
using Npgsql;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.ChangeLog;

/// <summary>The fold from nothing, and when the cursor is not to be trusted.</summary>
public sealed class ChangeFeedFromNothingTests : IAsyncLifetime
{
    private FeedBench _bench = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task It_ends_where_reading_bit_by_bit_ends(LogGeneration generation)
    {
        _bench = await FeedBench.CreateAsync(generation);
        await _bench.FoldAsync();
        await WriteSomeAsync();
        await _bench.FoldAsync();
        var bitByBit = await _bench.ProjectionAsync();

        await DoubtCursorAsync("generation = 9");
        var report = await _bench.FoldAsync();

        report.ShouldSatisfyAllConditions(
            () => report.IsFromNothing.ShouldBeTrue(),
            () => report.Rows.ShouldBe(6),
            () => report.Records.ShouldBe(3)
        );
        (await _bench.ProjectionAsync()).ShouldBe(bitByBit);
        await _bench.ShouldBeFoldFromNothingAsync();
        (await _bench.FoldAsync()).ShouldSatisfyAllConditions(
            next => next.Rows.ShouldBe(0),
            next => next.IsFromNothing.ShouldBeFalse()
        );
    }

    [Fact]
    public async Task An_empty_log_is_a_projection_too()
    {
        _bench = await FeedBench.CreateAsync();

        (await _bench.FoldAsync()).ShouldSatisfyAllConditions(
            report => report.IsFromNothing.ShouldBeTrue(),
            report => report.Rows.ShouldBe(0)
        );
        _bench.Log.Of(203).ShouldHaveSingleItem().ShouldContain("there is no projection yet");
    }

    [Theory]
    [InlineData("system_identifier = '1'")]
    [InlineData("database_oid = 1")]
    [InlineData("table_oid = 1")]
    [InlineData("generation = 1")]
    [InlineData("snapshot = '3:9000000000:'")]
    public async Task A_cursor_of_another_cluster_table_or_time_is_not_believed_and_that_is_said(string doubt)
    {
        _bench = await FeedBench.CreateAsync();
        await WriteSomeAsync();
        await _bench.FoldAsync();
        await _bench.Rows.ExecuteAsync(
            "UPDATE mana_ai.missions SET record = NULL, field_times = NULL, state = 'x'"
        );

        await DoubtCursorAsync(doubt);
        (await _bench.FoldAsync()).IsFromNothing.ShouldBeTrue();

        _bench.Log.Of(203).Count.ShouldBe(2);
        await _bench.ShouldBeFoldFromNothingAsync();
        (await _bench.FoldAsync()).IsFromNothing.ShouldBeFalse();
    }

    [Fact]
    public async Task A_cursor_that_another_node_moved_while_this_one_looked_for_it_is_believed()
    {
        _bench = await FeedBench.CreateAsync();
        await WriteSomeAsync();
        await _bench.FoldAsync();
        await HoldCursorReadersAsync();
        await using var gate = await _bench.Rows.Superuser.OpenConnectionAsync();
        await ExecuteAsync(gate, "SELECT pg_advisory_lock(1)");

        // This node's statement has its snapshot and stands before the row; meanwhile the other reads and commits.
        var reading = _bench.FoldAsync();
        await _bench.Rows.WaitForLockAsync();
        await _bench.InsertAsync(DeviceChanges.Title("meanwhile", "2026-01-01T09:00:00.000Z"));
        await _bench.Rows.ExecuteAsync("UPDATE mana_ai.cursor_row SET snapshot = pg_current_snapshot()");
        await ExecuteAsync(gate, "SELECT pg_advisory_unlock(1)");

        (await reading).IsFromNothing.ShouldBeFalse();
    }

    [Fact]
    public async Task Columns_that_change_under_a_running_service_are_folded_anew_by_the_new_rules()
    {
        _bench = await FeedBench.CreateAsync(LogGeneration.One);
        // In generation 1 a soft delete moves updatedAt, in generation 2 it does not.
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.InsertAsync(DeviceChanges.SoftDelete("2026-05-05T00:00:00.000Z"));
        await _bench.FoldAsync();
        (await _bench.FieldAsync("updatedAt")).ShouldBe("2026-05-05T00:00:00.000Z");

        await _bench.Rows.ExecuteAsync(
            """
            ALTER TABLE public.sync_changes RENAME COLUMN field_timestamps TO field_meta;
            ALTER TABLE public.sync_changes ADD COLUMN origin text, ADD COLUMN space_id text;
            """
        );
        (await _bench.FoldAsync()).IsFromNothing.ShouldBeTrue();

        (await _bench.FieldAsync("updatedAt")).ShouldBe("2026-01-01T00:00:00.000Z");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task A_log_that_was_dropped_and_made_again_is_folded_anew()
    {
        _bench = await FeedBench.CreateAsync();
        await WriteSomeAsync();
        await _bench.FoldAsync();

        await _bench.Rows.ExecuteAsync(
            """
            CREATE TABLE copy (LIKE public.sync_changes INCLUDING ALL);
            DROP TABLE public.sync_changes;
            ALTER TABLE copy RENAME TO sync_changes;
            GRANT SELECT ON public.sync_changes TO mana_ai_reader;
            """
        );
        (await _bench.FoldAsync()).IsFromNothing.ShouldBeTrue();

        (await _bench.ProjectionAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Transactions_that_are_open_at_that_moment_are_folded_when_they_commit()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(DeviceChanges.HardDelete);
        await late.ExecuteAsync("SAVEPOINT s");
        await late.InsertAsync(DeviceChanges.Insert("second") with { RecordId = "mission-2" });
        await _bench.InsertAsync(DeviceChanges.Title("after", "2026-01-01T05:00:00.000Z"));
        (await _bench.FoldAsync()).IsFromNothing.ShouldBeTrue();
        (await _bench.FoldAsync()).Rows.ShouldBe(0);
        await late.CommitAsync();

        (await _bench.FoldAsync()).ShouldSatisfyAllConditions(
            report => report.Rows.ShouldBe(2),
            report => report.Refolds.ShouldBe(1)
        );
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task While_one_node_folds_another_goes_on_with_what_is_there()
    {
        _bench = await FeedBench.CreateAsync();
        await WriteSomeAsync();
        await _bench.FoldAsync();
        await _bench.InsertAsync(DeviceChanges.Title("new", "2026-01-01T09:00:00.000Z"));
        await using var blocker = await _bench.Sync.BeginAsync(CancellationToken.None);
        await using var block = blocker.Command("SELECT FROM mana_ai.missions FOR UPDATE");
        await block.ExecuteNonQueryAsync();
        var first = _bench.FoldAsync();
        await _bench.Rows.WaitForLockAsync();

        var second = await _bench
            .NodeOf(new FeedOptions())
            .FoldAsync(await _bench.ShapeAsync(), CancellationToken.None);
        await blocker.CommitAsync(CancellationToken.None);

        second.ShouldSatisfyAllConditions(
            () => second.IsElsewhere.ShouldBeTrue(),
            () => second.Rows.ShouldBe(0),
            () => second.IsCut.ShouldBeFalse()
        );
        (await first).Rows.ShouldBe(1);
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task Many_records_and_one_of_many_changes_come_out_right()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.Rows.ExecuteAsync(ManyRows(changes: 9000, ofOneRecord: 5000));

        var report = await _bench.FoldAsync();

        report.Rows.ShouldBe(9000);
        report.Records.ShouldBe(await RecordsAsync());
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    /// <summary>
    /// With so little in hand that a record is cut anywhere, that rows of one instant are too many, or that what becomes
    /// of a user's records is.
    /// </summary>
    [Theory]
    [InlineData(1, long.MaxValue, long.MaxValue)]
    [InlineData(3, long.MaxValue, long.MaxValue)]
    [InlineData(7, 60, long.MaxValue)]
    [InlineData(int.MaxValue, 1, long.MaxValue)]
    [InlineData(int.MaxValue, 300, long.MaxValue)]
    [InlineData(20, long.MaxValue, 1)]
    [InlineData(20, long.MaxValue, 20_000)]
    [InlineData(int.MaxValue, 300, 10_000)]
    public async Task However_little_is_in_hand_it_comes_out_right(
        int rowsMax,
        long bytesMax,
        long userBytesMax
    )
    {
        _bench = await FeedBench.CreateAsync(
            options: new FeedOptions
            {
                WholeRowsMax = rowsMax,
                WholeBytesMax = bytesMax,
                WholeUserBytesMax = userBytesMax,
            }
        );
        // Whatever comes behind it is near the snapshot.
        await using var open = await _bench.BeginAsync();
        await open.InsertAsync(DeviceChanges.Insert("late") with { RecordId = "mission-2" });
        await _bench.Rows.ExecuteAsync(ManyRows(changes: 100, ofOneRecord: 60));
        await _bench.Rows.ExecuteAsync(ManyRows(changes: 50, ofOneRecord: 20, user: "user-2", together: 7));
        await _bench.Rows.ExecuteAsync(ManyRows(changes: 20, ofOneRecord: 5, user: "user-3"));
        await _bench.InsertAsync(
            DeviceChanges.Title("new", "2026-01-01T00:00:00.000Z") with
            {
                SchemaVersion = 2,
            }
        );
        await _bench.InsertAsync(DeviceChanges.Title("old", "2026-01-01T00:00:00.000Z"));
        await _bench.InsertAsync(DeviceChanges.Title("", "") with { RecordId = "" });
        await _bench.InsertAsync(DeviceChanges.Title("", "") with { RecordId = "" });

        var report = await _bench.FoldAsync();

        report.Rows.ShouldBe(174);
        report.Records.ShouldBe(await RecordsAsync());
        await _bench.ShouldBeFoldFromNothingAsync();
        (await _bench.SweepAsync()).Rows.ShouldBe(0);
        _bench.Log.Of(202).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Stamps_of_the_future_are_reported_from_nothing_too()
    {
        _bench = await FeedBench.CreateAsync();
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(1);
        await _bench.InsertAsync(DeviceChanges.Insert("first") with { CreatedAt = tomorrow });

        await _bench.FoldAsync();

        _bench.Log.Of(208).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_server_that_takes_longer_than_a_command_may_ends_nothing()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.Rows.ExecuteAsync(
            """
            CREATE FUNCTION public.busy() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$;
            CREATE TRIGGER busy BEFORE INSERT ON mana_ai.missions
                FOR EACH STATEMENT EXECUTE FUNCTION public.busy()
            """
        );

        (await FoldImpatientlyAsync()).Records.ShouldBe(1);
    }

    /// <summary>The server says that a COPY begins when it sends the first rows, and a large log is sorted before.</summary>
    [Fact]
    public async Task A_first_row_that_comes_later_than_a_command_may_ends_nothing()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.Rows.ExecuteAsync(
            """
            INSERT INTO mana_ai.forgotten_users (user_id) VALUES ('somebody-else');
            ALTER TABLE mana_ai.forgotten_users RENAME TO forgotten;
            CREATE VIEW mana_ai.forgotten_users AS SELECT * FROM mana_ai.forgotten WHERE pg_sleep(1.5) IS NOT NULL;
            GRANT SELECT ON mana_ai.forgotten_users TO mana_ai_reader
            """
        );

        (await FoldImpatientlyAsync()).Records.ShouldBe(1);
    }

    /// <summary>One long record among short ones, which keep coming back, so that batches end everywhere.</summary>
    /// <param name="together">How many come at one instant.</param>
    private static string ManyRows(int changes, int ofOneRecord, string user = "user-1", int together = 1) =>
        $$"""
            INSERT INTO public.sync_changes
                   (app_id, table_name, record_id, user_id, op, data, field_meta, client_id, created_at)
            SELECT 'ai', CASE WHEN n % 5 = 0 AND n > {{ofOneRecord}} THEN 'agents' ELSE 'aiMissions' END,
                   CASE WHEN n <= {{ofOneRecord}} THEN 'm-500' ELSE 'm-' || n % 800 END, '{{user}}',
                   CASE WHEN n % 997 = 0 THEN 'delete' ELSE 'update' END,
                   CASE WHEN n % 997 = 0 THEN '{}' ELSE jsonb_build_object('title', n, 'f' || n % 7, n) END,
                   jsonb_build_object('title', lpad((n * 7919 % 100)::text, 4, '0'), 'f' || n % 7, lpad(n::text, 6, '0')),
                   'device-1', now() - interval '12 hours' + n / {{together}} * interval '1 second'
              FROM generate_series(1, {{changes}}) AS n
            """;

    /// <summary>By a connection whose commands may take a second.</summary>
    private async Task<FoldReport> FoldImpatientlyAsync()
    {
        await using var impatient = NpgsqlDataSource.Create(
            $"{_bench.Rows.ReaderConnectionString};Command Timeout=1"
        );
        var feed = _bench.NodeOf(new FeedOptions(), new SyncDatabase(impatient));
        return await feed.FoldAsync(await _bench.ShapeAsync(), CancellationToken.None);
    }

    private Task<long> RecordsAsync() =>
        _bench.Rows.ReadAsync<long>(
            "SELECT count(DISTINCT (user_id, table_name, record_id)) FROM public.sync_changes WHERE record_id <> ''"
        );

    private async Task WriteSomeAsync()
    {
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.InsertAsync(DeviceChanges.Title("second", "2026-01-01T02:00:00.000Z"));
        await _bench.InsertAsync(DeviceChanges.Insert("other") with { RecordId = "mission-2" });
        await _bench.InsertAsync(DeviceChanges.HardDelete with { RecordId = "mission-2" });
        await _bench.InsertAsync(new DeviceChange("agent-1", """{"name": "A"}""") { TableName = "agents" });
        await _bench.InsertAsync(
            DeviceChanges.Title("new schema", "2026-01-01T03:00:00.000Z") with
            {
                SchemaVersion = 2,
            }
        );
    }

    private Task DoubtCursorAsync(string change) =>
        _bench.Rows.ExecuteAsync($"UPDATE mana_ai.cursor SET {change}");

    /// <summary>Whoever asks for the cursor comes, within its statement, to an advisory lock before it gets to the row.</summary>
    private Task HoldCursorReadersAsync() =>
        _bench.Rows.ExecuteAsync(
            """
            CREATE FUNCTION public.pass_gate() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
            BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN true; END $$;
            ALTER TABLE mana_ai.cursor RENAME TO cursor_row;
            CREATE VIEW mana_ai.cursor AS SELECT * FROM mana_ai.cursor_row WHERE public.pass_gate();
            GRANT SELECT, UPDATE ON mana_ai.cursor TO mana_ai_reader;
            """
        );

    private static async Task ExecuteAsync(Npgsql.NpgsqlConnection connection, string sql)
    {
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
