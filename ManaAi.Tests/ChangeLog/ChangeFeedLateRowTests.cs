using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.ChangeLog;

/// <summary>Rows that become visible later than their created_at says: created_at is the start of a transaction.</summary>
public sealed class ChangeFeedLateRowTests : IAsyncLifetime
{
    private FeedBench _bench = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task A_row_committed_after_a_read_that_began_before_it_is_folded_at_the_next_read(
        LogGeneration generation
    )
    {
        _bench = await FeedBench.CreateAsync(generation);
        await _bench.FoldAsync();
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(DeviceChanges.Insert("late") with { RecordId = "mission-2" });
        await _bench.InsertAsync(DeviceChanges.Insert("early"));

        (await _bench.FoldAsync()).Rows.ShouldBe(1);
        await late.CommitAsync();
        var report = await _bench.FoldAsync();

        report.ShouldSatisfyAllConditions(
            () => report.Rows.ShouldBe(1),
            () => report.Refolds.ShouldBe(0),
            () => report.LateRows.ShouldBe(0)
        );
        (await _bench.FieldAsync("title", "mission-2")).ShouldBe("late");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task A_transaction_may_stay_open_over_many_reads(LogGeneration generation)
    {
        _bench = await FeedBench.CreateAsync(generation);
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(
            DeviceChanges.Update("objective", "from the long one", "2026-01-01T01:00:00.000Z")
        );

        for (var read = 0; read < 10; read++)
        {
            await _bench.InsertAsync(DeviceChanges.Title($"title {read}", $"2026-01-01T02:00:0{read}.000Z"));
            await (read % 3 == 2 ? _bench.SweepAsync() : _bench.FoldAsync());
        }

        await late.CommitAsync();
        (await _bench.FoldAsync()).ShouldSatisfyAllConditions(
            report => report.Rows.ShouldBe(1),
            report => report.Refolds.ShouldBe(1)
        );

        (await _bench.FieldAsync("objective")).ShouldBe("from the long one");
        (await _bench.FieldAsync("title")).ShouldBe("title 9");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task A_row_that_is_late_by_more_than_the_margin_is_found_by_the_sweep_counted_and_said()
    {
        _bench = await FeedBench.CreateAsync();
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(DeviceChanges.Insert("late") with { CreatedAt = HoursAgo(3) });
        await _bench.FoldAsync();
        await late.CommitAsync();

        (await _bench.FoldAsync()).Rows.ShouldBe(0, "the margin is two minutes");
        var sweep = await _bench.SweepAsync();

        sweep.ShouldSatisfyAllConditions(() => sweep.Rows.ShouldBe(1), () => sweep.LateRows.ShouldBe(1));
        _bench
            .Log.Of(205)
            .ShouldHaveSingleItem()
            .ShouldStartWith("1 changes became visible later than the margin");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task Reads_between_the_commit_and_the_sweep_do_not_hide_the_late_row_from_it()
    {
        _bench = await FeedBench.CreateAsync();
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(DeviceChanges.Insert("late") with { CreatedAt = HoursAgo(3) });
        await _bench.SweepAsync();
        await late.CommitAsync();
        for (var read = 0; read < 3; read++)
        {
            await _bench.InsertAsync(DeviceChanges.Title($"{read}", "2026-01-01T02:00:00.000Z"));
            await _bench.FoldAsync();
        }

        var sweep = await _bench.SweepAsync();

        sweep.ShouldSatisfyAllConditions(() => sweep.LateRows.ShouldBe(1), () => sweep.Refolds.ShouldBe(1));
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task Rows_written_inside_savepoints_are_not_lost(LogGeneration generation)
    {
        _bench = await FeedBench.CreateAsync(generation);
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(Objective(1));
        await late.ExecuteAsync("SAVEPOINT kept");
        await late.InsertAsync(Objective(2) with { RecordId = "mission-2" });
        await late.ExecuteAsync("SAVEPOINT nested");
        await late.InsertAsync(Objective(3) with { RecordId = "mission-3" });
        await late.ExecuteAsync("RELEASE SAVEPOINT kept");
        await late.ExecuteAsync("SAVEPOINT undone");
        await late.InsertAsync(Objective(4) with { RecordId = "mission-4" });
        await late.ExecuteAsync("ROLLBACK TO SAVEPOINT undone");
        await late.InsertAsync(Objective(5) with { RecordId = "mission-5" });
        await _bench.FoldAsync();

        // Ids after the savepoints' own: a snapshot now lists the top transaction alone.
        await _bench.InsertAsync(DeviceChanges.Title("second", "2026-01-01T02:00:00.000Z"));
        await _bench.FoldAsync();
        await late.CommitAsync();

        (await _bench.FoldAsync()).Rows.ShouldBe(4);
        (await _bench.FieldAsync("objective", "mission-2")).ShouldBe("2");
        (await _bench.FieldAsync("objective", "mission-3")).ShouldBe("3");
        (await _bench.FieldAsync("objective", "mission-4")).ShouldBeNull();
        (await _bench.FieldAsync("objective", "mission-5")).ShouldBe("5");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task Several_open_transactions_end_in_any_order_and_one_rolled_back_leaves_nothing()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.InsertAsync(DeviceChanges.Insert("first"));
        await using var one = await _bench.BeginAsync();
        await using var two = await _bench.BeginAsync();
        var three = await _bench.BeginAsync();
        await one.InsertAsync(Objective(1));
        await three.InsertAsync(Objective(9));
        await two.InsertAsync(Objective(2));
        await _bench.FoldAsync();

        await one.InsertAsync(DeviceChanges.Title("by one", "2026-01-01T01:00:00.000Z"));
        await two.CommitAsync();
        await _bench.FoldAsync();
        await _bench.ShouldBeFoldFromNothingAsync("two is there");
        await three.DisposeAsync();
        await _bench.FoldAsync();
        await _bench.ShouldBeFoldFromNothingAsync("three never was");
        await one.CommitAsync();
        await _bench.FoldAsync();

        await _bench.ShouldBeFoldFromNothingAsync("all of them");
        (await _bench.FieldAsync("title")).ShouldBe("by one");
        (await _bench.FieldAsync("objective")).ShouldBe("2");
    }

    private static DateTimeOffset HoursAgo(int hours) => TimeProvider.System.GetUtcNow().AddHours(-hours);

    private static DeviceChange Objective(int rank) =>
        DeviceChanges.Update("objective", $"{rank}", $"2026-01-01T01:00:0{rank}.000Z");
}
