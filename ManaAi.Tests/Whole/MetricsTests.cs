using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>What a real node counts while real things happen to it.</summary>
public sealed class MetricsTests : WholeTests
{
    [Fact]
    public async Task Who_waits_and_for_how_long_is_on_the_page_while_a_call_hangs()
    {
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1", "\"maxConcurrentMissions\":1"));
        var node = await StartAsync(
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "100"),
            ("MAX_CONCURRENT_PLANS", "1")
        );
        Llm.Behave(new StubBehaviour { Hang = Hang.BeforeHeaders });
        await InsertDueAsync(agentId: "agent-1");
        await Llm.Calls.WhenAsync(1, CancellationToken.None);
        await InsertDueAsync("mission-2", agentId: "agent-1"); // Waits for its agent.
        await InsertDueAsync("mission-3", "user-2"); // Waits for a planner.

        var page = await Eventually.SeesAsync(
            node.PageAsync,
            page =>
                page.Value("mana_ai_longest_wait_seconds") > 0
                && page.Value("mana_ai_agent_decisions_total", ("decision", "skipped-concurrency")) > 1
        );

        page.Value("mana_ai_open_occurrences").ShouldBe(3);
        page.Value("mana_ai_planners").ShouldBe(1);
        page.Value("mana_ai_planners_busy").ShouldBe(1);
        page.Value("mana_ai_schedule_lag_seconds_count").ShouldBe(1);
        page.Value("mana_ai_schedule_lag_seconds_sum").ShouldBeInRange(60, 600); // Due a minute ago.
        page.Value("mana_ai_cursor_lag_seconds").ShouldBeLessThan(60);
        page.Value("mana_ai_tokens_reserved").ShouldBeGreaterThan(0);
        page.Value("mana_ai_database_connections_max").ShouldBe(8);
        page.Samples.Where(sample => sample.Family == "mana_ai_database_connections")
            .Sum(sample => sample.Value)
            .ShouldBeGreaterThan(0);
        page.Samples.Count(sample => sample.Family == "mana_ai_mailbox_depth").ShouldBe(6);
        await node.AskAsync(HttpMethod.Post, "internal/pause", """{"reason":"quiet"}""");
        await Eventually.SeesAsync(
            node.PageAsync,
            page => page.Value("mana_ai_longest_wait_seconds") <= 0 // Nobody is to be served.
        );
    }

    [Fact]
    public async Task How_an_occurrence_ended_is_counted_whoever_ended_it()
    {
        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "1"));
        await Database.RefuseRowsOfAsync("mission-1");
        await InsertDueAsync(agentId: "agent-1");
        await node.TickAsync();
        await Eventually.SeesAsync(
            node.PageAsync,
            page => page.Value("mana_ai_verdicts_total", ("reason", "write-refused")) > 0
        );
        await node.AskAsync(HttpMethod.Post, "internal/pause", """{"reason":"quiet"}""");
        await InsertDueAsync("mission-2");
        await node.SendTickAsync();
        var run = await Eventually.SeesAsync(
            Database.RunsAsync,
            runs => runs.Any(run => run.Verdict is null)
        );

        await node.AskAsync(
            HttpMethod.Post,
            $"internal/runs/{run.Single(one => one.Verdict is null).RunId}/cancel"
        );

        var page = await node.PageAsync();
        page.Value("mana_ai_verdicts_total", ("verdict", "skipped"), ("reason", "cancelled")).ShouldBe(1);
        page.Value("mana_ai_snapshots_new_total").ShouldBe(2);
        page.Value("mana_ai_snapshot_rows_applied_total").ShouldBe(2);
        page.Value("mana_ai_tokens_used_total", ("agent_id", "none")).ShouldBeGreaterThan(0);
    }
}
