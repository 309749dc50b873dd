using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>A mission that a device makes due is planned at once, whatever the timer does.</summary>
public sealed class WakeUpTests : WholeTests
{
    [Fact]
    public async Task A_mission_made_due_by_a_device_does_not_wait_for_the_next_tick()
    {
        var node = await StartOnAsync(
            Database.AdminUrl,
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "86400000"),
            ("MANAGE_WAKEUP_TRIGGER", "true")
        );
        await ListeningAsync();

        await InsertDueAsync();

        (await Eventually.SeesAsync(Database.RunsAsync, runs => runs.Any(run => run.Verdict is not null)))
            .ShouldHaveSingleItem()
            .Verdict.ShouldBe("planned");
        (await node.TicksAsync()).ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task A_node_without_a_timer_is_not_woken()
    {
        await StartOnAsync(Database.AdminUrl, ("TICK_ENABLED", "true"), ("MANAGE_WAKEUP_TRIGGER", "true"));
        await ListeningAsync();
        var node = await StartAsync();

        await InsertDueAsync();
        await Eventually.SeesAsync(Database.RunsAsync, runs => runs.Any(run => run.Verdict is not null));

        (await node.TicksAsync()).ShouldBe(0);
    }

    private async Task ListeningAsync() =>
        await Eventually.SeesAsync(
            () =>
                Database.ReadAsync<long>(
                    "select count(*) from pg_stat_activity where datname = current_database() and query = 'select 1'"
                ),
            listeners => listeners > 0
        );
}
