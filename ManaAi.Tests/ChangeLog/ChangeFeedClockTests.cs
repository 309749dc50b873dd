using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.ChangeLog;

/// <summary>
/// The database's clock is set back, as that of a machine which goes on after a pause, or of a standby that takes over,
/// may be. Here the cursor's times and those of the rows are moved ahead instead.
/// </summary>
public sealed class ChangeFeedClockTests : IAsyncLifetime
{
    private FeedBench _bench = null!;

    public async Task InitializeAsync()
    {
        _bench = await FeedBench.CreateAsync();
        await _bench.FoldAsync();
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    /// <summary>Within the sweep's window, and beyond it.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(72)]
    public async Task What_is_written_after_the_clock_was_set_back_is_folded_at_once(int hours)
    {
        await _bench.InsertAsync(
            DeviceChanges.Insert("before") with
            {
                CreatedAt = TimeProvider.System.GetUtcNow().AddHours(hours),
            }
        );
        await SetBackAsync(hours);
        await _bench.InsertAsync(DeviceChanges.Insert("after") with { RecordId = "mission-2" });

        var report = await _bench.FoldAsync();

        report.ShouldSatisfyAllConditions(
            () => report.Rows.ShouldBe(2, "one of them is stamped in what is now the future"),
            () => report.LateRows.ShouldBe(0, "no transaction stayed open for long")
        );
        (await _bench.FieldAsync("title")).ShouldBe("before");
        (await _bench.FieldAsync("title", "mission-2")).ShouldBe("after");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task The_cursor_is_right_again_afterwards_and_it_is_said_once()
    {
        await SetBackAsync(3);
        _bench.Use(new FeedOptions { RowsMax = 1 });
        for (var row = 0; row < 3; row++)
        {
            await _bench.InsertAsync(DeviceChanges.Title($"{row}", "2026-01-01T00:00:00.000Z"));
        }

        (await _bench.FoldAsync()).Rows.ShouldBe(3);
        await _bench.InsertAsync(DeviceChanges.Title("more", "2026-01-02T00:00:00.000Z"));
        (await _bench.FoldAsync()).Rows.ShouldBe(1);

        (
            await _bench.Rows.ReadAsync<bool>(
                "SELECT greatest(read_at, swept_at) <= clock_timestamp() FROM mana_ai.cursor"
            )
        ).ShouldBeTrue();
        _bench
            .Log.Of(209)
            .ShouldHaveSingleItem()
            .ShouldStartWith("The database's clock was set back by 02:59:");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    [Fact]
    public async Task A_row_of_before_in_a_record_that_went_on_afterwards_takes_its_place_in_the_order()
    {
        await using var late = await _bench.BeginAsync();
        await late.InsertAsync(
            DeviceChanges.Insert("before") with
            {
                CreatedAt = TimeProvider.System.GetUtcNow().AddHours(2),
            }
        );
        await SetBackAsync(3);
        await _bench.InsertAsync(DeviceChanges.Title("after", "2026-01-02T00:00:00.000Z"));
        (await _bench.FoldAsync()).Rows.ShouldBe(1);
        await late.CommitAsync();

        (await _bench.FoldAsync()).Rows.ShouldBe(1);
        await _bench.InsertAsync(DeviceChanges.Title("once more", "2026-01-03T00:00:00.000Z"));
        (await _bench.FoldAsync()).Refolds.ShouldBe(1, "it stands before the row that is stamped ahead");
        await _bench.ShouldBeFoldFromNothingAsync();
    }

    private Task SetBackAsync(int hours) =>
        _bench.Rows.ExecuteAsync(
            $"""
            UPDATE mana_ai.cursor
               SET read_at = read_at + interval '{hours} hours', swept_at = swept_at + interval '{hours} hours'
            """
        );
}
