using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.ChangeLog;

/// <summary>Cursor and projection move in one transaction, or not at all.</summary>
public sealed class ChangeFeedCrashTests : IAsyncLifetime
{
    private FeedBench _bench = null!;

    public async Task InitializeAsync()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.FoldAsync();
        await _bench.InsertAsync(DeviceChanges.HardDelete);
        await _bench.InsertAsync(DeviceChanges.Title("second", "2026-01-01T02:00:00.000Z"));
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Theory]
    [InlineData("mana_ai.missions")]
    [InlineData("mana_ai.folded_changes")]
    [InlineData("mana_ai.cursor")]
    public async Task A_failure_at_any_statement_leaves_all_as_it_was(string table)
    {
        var before = await StateAsync();
        await FailAtAsync(table);
        await Should.ThrowAsync<PostgresException>(() => _bench.FoldAsync());
        (await StateAsync()).ShouldBe(before);

        await _bench.Rows.ExecuteAsync($"DROP TRIGGER fail ON {table}");
        (await _bench.FoldAsync()).Rows.ShouldBe(2);
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData("mana_ai.missions")]
    [InlineData("mana_ai.folded_changes")]
    [InlineData("mana_ai.cursor")]
    public async Task So_does_one_in_the_fold_from_nothing(string table)
    {
        await _bench.Rows.ExecuteAsync("UPDATE mana_ai.cursor SET table_oid = 1");
        // A row that the fold from nothing would note as folded: it is near the snapshot.
        await using var open = await _bench.BeginAsync();
        await open.InsertAsync(DeviceChanges.Insert("open") with { RecordId = "mission-2" });
        await _bench.InsertAsync(DeviceChanges.Title("third", "2026-01-01T03:00:00.000Z"));
        var before = await StateAsync();
        await FailAtAsync(table);
        await Should.ThrowAsync<PostgresException>(() => _bench.FoldAsync());
        (await StateAsync()).ShouldBe(before);

        await _bench.Rows.ExecuteAsync($"DROP TRIGGER fail ON {table}");
        (await _bench.FoldAsync()).IsFromNothing.ShouldBeTrue();
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_fold_that_is_cancelled_while_it_waits_leaves_all_as_it_was(bool isFromNothing)
    {
        if (isFromNothing)
        {
            await _bench.Rows.ExecuteAsync("UPDATE mana_ai.cursor SET table_oid = 1");
        }

        var before = await StateAsync();
        using var cancel = new CancellationTokenSource();
        await using (var blocker = await _bench.Sync.BeginAsync(CancellationToken.None))
        {
            await using var block = blocker.Command("SELECT FROM mana_ai.missions FOR UPDATE");
            await block.ExecuteNonQueryAsync();
            var reading = _bench.FoldAsync(cancel.Token);
            await _bench.Rows.WaitForLockAsync();

            await cancel.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => reading);
        }

        (await StateAsync()).ShouldBe(before);
        await _bench.FoldAsync();
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task A_connection_that_dies_in_the_fold_leaves_all_as_it_was()
    {
        var before = await StateAsync();
        await using (var blocker = await _bench.Sync.BeginAsync(CancellationToken.None))
        {
            await using var block = blocker.Command("SELECT FROM mana_ai.missions FOR UPDATE");
            await block.ExecuteNonQueryAsync();
            var reading = _bench.FoldAsync();
            await _bench.Rows.WaitForLockAsync();

            await _bench.Rows.ExecuteAsync(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND pid IN "
                    + "(SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
            );
            await Should.ThrowAsync<NpgsqlException>(() => reading);
        }

        (await StateAsync()).ShouldBe(before);
        (await _bench.FoldAsync()).Rows.ShouldBe(2);
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    private Task FailAtAsync(string table) =>
        _bench.Rows.ExecuteAsync(
            $$"""
            CREATE FUNCTION made_to_fail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'made to fail'; END $$;
            CREATE TRIGGER fail AFTER INSERT OR UPDATE ON {{table}} EXECUTE FUNCTION made_to_fail();
            """
        );

    private Task<string?> StateAsync() =>
        _bench.Rows.ReadAsync<string>(
            """
            SELECT concat_ws(E'\n', (SELECT c::text FROM mana_ai.cursor c),
                             (SELECT string_agg(m::text, ' ' ORDER BY mission_id) FROM mana_ai.missions m),
                             (SELECT string_agg(f::text, ' ' ORDER BY change_id) FROM mana_ai.folded_changes f))
            """
        );
}
