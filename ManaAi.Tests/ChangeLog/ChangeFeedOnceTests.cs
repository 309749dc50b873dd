using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Tests.Support;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.ChangeLog;

/// <summary>
/// A fold is neither commutative nor idempotent. So no row is folded twice, and a row behind one already folded makes
/// its record fold again.
/// </summary>
public sealed class ChangeFeedOnceTests : IAsyncLifetime
{
    private const string Tie = "2026-01-01T05:00:00.000Z";
    private FeedBench _bench = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task Of_two_writes_at_one_time_the_later_row_wins_though_it_came_first(
        LogGeneration generation
    )
    {
        _bench = await FeedBench.CreateAsync(generation);
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(DeviceChanges.Title("started before", Tie));
        await _bench.InsertAsync(DeviceChanges.Title("started after", Tie));
        await _bench.FoldAsync();
        await late.CommitAsync();

        var report = await _bench.FoldAsync();

        report.Refolds.ShouldBe(1);
        (await _bench.FieldAsync("title")).ShouldBe("started after");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task A_hard_delete_that_comes_late_removes_only_what_was_before_it(LogGeneration generation)
    {
        _bench = await FeedBench.CreateAsync(generation);
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(DeviceChanges.HardDelete);
        await _bench.InsertAsync(DeviceChanges.Title("written again", Tie));
        await _bench.FoldAsync();
        (await _bench.FieldAsync("objective")).ShouldBe("Keep at it");
        await late.CommitAsync();

        await _bench.FoldAsync();

        (await _bench.FieldAsync("title")).ShouldBe("written again");
        (await _bench.FieldAsync("objective")).ShouldBeNull();
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task Rows_of_one_transaction_are_in_the_order_of_their_ids_whichever_was_written_first()
    {
        _bench = await FeedBench.CreateAsync();
        await using var device = await _bench.BeginAsync();
        await device.InsertAsync(DeviceChanges.Title("third", Tie) with { Id = DeviceChanges.Id(3) });
        await device.InsertAsync(DeviceChanges.Insert("first") with { Id = DeviceChanges.Id(1) });
        await device.InsertAsync(DeviceChanges.Title("second", Tie) with { Id = DeviceChanges.Id(2) });
        await device.CommitAsync();

        await _bench.FoldAsync();

        (await _bench.FieldAsync("title")).ShouldBe("third");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task A_later_row_of_the_same_instant_with_a_smaller_id_makes_the_record_fold_again()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        var at = TimeProvider.System.GetUtcNow();
        // In PostgreSQL's order of uuids the first is the greater; in Guid.CompareTo's it is the smaller.
        await _bench.InsertAsync(
            DeviceChanges.Title("greater id", Tie) with
            {
                Id = new("00000000-0000-4000-9000-000000000000"),
                CreatedAt = at,
            }
        );
        await _bench.FoldAsync();
        await _bench.InsertAsync(
            DeviceChanges.Title("smaller id", Tie) with
            {
                Id = new("00000000-0000-4000-8000-ffffffffffff"),
                CreatedAt = at,
            }
        );

        (await _bench.FoldAsync()).Refolds.ShouldBe(1);
        (await _bench.FieldAsync("title")).ShouldBe("greater id");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task What_was_folded_is_not_read_again_while_an_open_transaction_holds_the_horizon_back()
    {
        _bench = await FeedBench.CreateAsync();
        await using var open = await _bench.BeginAsync();
        await open.InsertAsync(DeviceChanges.Insert("x") with { RecordId = "mission-9" });
        await _bench.FoldAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.InsertAsync(DeviceChanges.HardDelete);
        await _bench.InsertAsync(DeviceChanges.Title("alone", Tie));
        (await _bench.FoldAsync()).Rows.ShouldBe(3);

        var again = await _bench.FoldAsync();
        var sweep = await _bench.SweepAsync();

        again.ShouldSatisfyAllConditions(() => again.Rows.ShouldBe(0), () => again.Records.ShouldBe(0));
        sweep.ShouldSatisfyAllConditions(() => sweep.Rows.ShouldBe(0), () => sweep.Refolds.ShouldBe(0));
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task A_row_that_a_write_back_folds_while_the_feed_waits_for_its_lock_is_not_folded_again(
        LogGeneration generation
    )
    {
        _bench = await FeedBench.CreateAsync(generation);
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.FoldAsync();
        var row = await _bench.InsertAsync(DeviceChanges.Title("the device's", Tie));
        await using var writeBack = await WriteBackAsync(row, "folded by the write-back");

        var reading = _bench.FoldAsync();
        await _bench.Rows.WaitForLockAsync();
        await writeBack.CommitAsync(CancellationToken.None);
        var report = await reading;

        report.ShouldSatisfyAllConditions(() => report.Rows.ShouldBe(0), () => report.Refolds.ShouldBe(0));
        (await _bench.FieldAsync("title")).ShouldBe("folded by the write-back");
    }

    [Fact]
    public async Task A_row_behind_what_a_write_back_wrote_meanwhile_makes_the_record_fold_again()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.FoldAsync();
        await _bench.InsertAsync(DeviceChanges.Title("the device's", Tie));
        await using var writeBack = await WriteBackAsync(Guid.Empty, "stands until the record folds again");

        var reading = _bench.FoldAsync();
        await _bench.Rows.WaitForLockAsync();
        await writeBack.CommitAsync(CancellationToken.None);

        (await reading).Refolds.ShouldBe(1);
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task The_sweep_prunes_what_no_later_read_can_ask_for()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.FoldAsync();
        await using var open = await _bench.BeginAsync();
        await open.InsertAsync(DeviceChanges.Insert("open") with { RecordId = "mission-2" });
        var old = await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await _bench.InsertAsync(DeviceChanges.HardDelete);
        await _bench.FoldAsync();
        // As if a million transactions lay between the two; whoever shares the cluster holds the real horizon back.
        await _bench.Rows.ExecuteAsync(
            $"UPDATE mana_ai.folded_changes SET xid = (xid - 1000000) & 4294967295 WHERE change_id = '{old}'"
        );

        (await _bench.FoldAsync()).Rows.ShouldBe(0);
        (await FoldedIdsAsync()).ShouldBe(2, "only a sweep prunes");
        await _bench.SweepAsync();

        (await FoldedIdsAsync()).ShouldBe(1, "the other is newer than a transaction that is still open");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task With_a_sweep_at_every_read_nothing_is_lost_or_folded_twice()
    {
        _bench = await FeedBench.CreateAsync(options: new FeedOptions { SweepInterval = TimeSpan.Zero });
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(DeviceChanges.HardDelete);
        await _bench.FoldAsync();
        await _bench.InsertAsync(DeviceChanges.Title("second", Tie));
        (await _bench.FoldAsync()).Rows.ShouldBe(1);
        (await _bench.FoldAsync()).Rows.ShouldBe(0);
        await late.CommitAsync();

        (await _bench.FoldAsync()).ShouldSatisfyAllConditions(
            report => report.Rows.ShouldBe(1),
            report => report.Refolds.ShouldBe(1)
        );
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    /// <summary>What a write-back does to the projection, up to its commit; the title tells who was last.</summary>
    private async Task<DatabaseTransaction> WriteBackAsync(Guid folded, string title)
    {
        var transaction = await _bench.Sync.BeginAsync(CancellationToken.None);
        await using var command = transaction.Command(
            """
            UPDATE mana_ai.missions
               SET position_at = clock_timestamp() + interval '1 second',
                   record = jsonb_set(record, '{title}', to_jsonb(@title))
            """
        );
        command.Add("title", title);
        await command.ExecuteNonQueryAsync();
        var key = new RecordKey("user-1", RecordKey.App, RecordKey.MissionsTable, DeviceChanges.RecordId);
        var position = new ChangePosition(DateTimeOffset.UnixEpoch, folded);
        var xid = await _bench.Rows.ReadAsync<long>(
            $"SELECT xmin::text::bigint FROM public.sync_changes WHERE id = '{folded}'"
        );
        await ProjectionStore.SaveAsync(
            transaction,
            [],
            [new ChangeRow(key, position, "update", null, null, 1, false) { Xid = xid }],
            CancellationToken.None
        );
        return transaction;
    }

    private Task<long> FoldedIdsAsync() =>
        _bench.Rows.ReadAsync<long>("SELECT count(*) FROM mana_ai.folded_changes");
}
