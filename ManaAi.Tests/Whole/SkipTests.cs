using System.Text.Json;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>Each line of the table of skips and waits in the design, with the row that moves the schedule.</summary>
public abstract class SkipTests(LogGeneration generation) : WholeTests(generation)
{
    public sealed class InGenerationOne() : SkipTests(LogGeneration.One);

    public sealed class InGenerationTwo() : SkipTests(LogGeneration.Two);

    [Theory]
    [InlineData("paused", "agent-paused")]
    [InlineData("archived", "agent-archived")]
    public async Task A_mission_of_an_agent_that_rests_is_skipped(string state, string reason)
    {
        var node = await StartAsync();
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1", $$""" "state":"{{state}}" """));
        var mission = await InsertDueAsync(change: one => one with { AgentId = "agent-1" });

        await node.TickAsync();

        await ShouldBeSkippedAsync(mission, reason);
        Llm.Calls.Total.ShouldBe(0);
    }

    [Fact]
    public async Task A_spent_budget_skips_with_the_numbers()
    {
        var node = await StartAsync(("TOKENS_PER_USER_PER_DAY", "1"));
        var first = await InsertDueAsync("first");
        await node.TickAsync();
        var second = await InsertDueAsync("second");
        await node.TickAsync();

        (await Database.RunsAsync())[0].Verdict.ShouldBe("planned");
        await ShouldBeSkippedAsync(second, "budget", "The user's budget of 1 tokens a day is used up: ");
        (await Database.MissionAsync(first)).NextRunAt.ShouldNotBeNull();
        Llm.Calls.Total.ShouldBe(1);
    }

    [Fact]
    public async Task An_agent_with_no_tokens_never_runs()
    {
        var node = await StartAsync();
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1", "\"maxTokensPerDay\":0"));
        var mission = await InsertDueAsync(change: one => one with { AgentId = "agent-1" });

        await node.TickAsync();

        await ShouldBeSkippedAsync(mission, "budget");
        Llm.Calls.Total.ShouldBe(0);
    }

    [Theory]
    [InlineData(700_000, false)]
    [InlineData(750_000, true)]
    public async Task From_three_quarters_of_its_budget_on_an_agent_that_calls_tools_is_told(
        long used,
        bool isTold
    )
    {
        var node = await StartAsync(("PLANNER_MODE", "tools"));
        await InsertDueOfSpenderAsync(used);

        await node.TickAsync();

        Llm.Calls.Recent[0].Body.Contains("nearly used up", StringComparison.Ordinal).ShouldBe(isTold);
        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("planned");
    }

    [Fact]
    public async Task At_the_end_of_its_budget_the_plan_is_what_has_been_recorded_by_then()
    {
        var node = await StartAsync(("PLANNER_MODE", "tools"));
        await InsertDueOfSpenderAsync(999_999);
        Llm.Behave(new StubBehaviour { KeepsCalling = true });

        await node.TickAsync();

        Llm.Calls.Total.ShouldBe(1, "the overshoot is one call at most");
        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("planned");
        var iteration = (await Database.OwnChangesAsync())
            .ShouldHaveSingleItem()
            .Iterations.ShouldHaveSingleItem();
        iteration.GetProperty("plan").GetArrayLength().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Plans_that_nobody_took_up_hold_a_mission_back_and_one_taken_up_makes_room()
    {
        var node = await StartAsync(("MAX_UNREVIEWED_ITERATIONS", "2"));
        string[] unread = [Unread("one", "planned"), Unread("two", "planned")];
        var held = await InsertDueAsync("held", change: one => one with { Iterations = unread });
        await InsertDueAsync(
            "taken-up",
            change: one => one with { Iterations = [unread[0], Unread("two", "staged")] }
        );

        await node.TickAsync();

        await ShouldBeSkippedAsync(held, "awaiting-review", "2 of its plans await review");
        (await Database.RunsAsync()).Single(run => run.MissionId == "taken-up").Verdict.ShouldBe("planned");
    }

    [Fact]
    public async Task Without_a_bound_unread_plans_hold_nothing_back()
    {
        var node = await StartAsync(("MAX_UNREVIEWED_ITERATIONS", "0"));
        await InsertDueAsync(change: one =>
            one with
            {
                Iterations = [.. Enumerable.Range(1, 9).Select(n => Unread($"i{n}", "planned"))],
            }
        );

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
    }

    [Fact]
    public async Task What_is_too_old_is_skipped()
    {
        var node = await StartAsync(("MISSED_AFTER_MS", "1000"));
        var mission = await InsertDueAsync();

        await node.TickAsync();

        await ShouldBeSkippedAsync(mission, "missed");
    }

    [Fact]
    public async Task Ciphertext_and_a_device_under_way_are_waited_for_without_a_row()
    {
        var node = await StartAsync();
        await InsertDueAsync("secret", objective: "enc:1:AAAA.BBBB");
        var now = await Database.ReadAsync<string>("select to_json(now() at time zone 'utc') #>> '{}'");
        await InsertDueAsync(
            "on-a-device",
            change: one => one with { Iterations = [DeviceIteration.Running("i", $"{now![..23]}Z")] }
        );

        (await node.TickAsync()).Numbers.ShouldBe((0, 0, 0, 0));

        (await Database.OwnChangesAsync()).ShouldBeEmpty();
        (await Database.RunsAsync()).ShouldAllBe(run =>
            run.Verdict == null && run.MissionId == "on-a-device"
        );
    }

    [Fact]
    public async Task A_refused_key_a_busy_model_and_an_open_breaker_are_waited_for_without_a_row()
    {
        var node = await StartAsync();
        var mission = await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Status = 401, Times = 1 });
        await node.TickAsync();
        var (_, ready) = await node.ReadinessAsync();
        ready.GetProperty("ready").GetBoolean().ShouldBeTrue();
        ready.GetProperty("degraded").GetRawText().ShouldContain("MANA_LLM_KEY");
        Llm.Calls.Total.ShouldBe(1);
        await node.TickAsync();
        Llm.Calls.Total.ShouldBe(1, "nobody asks while the key is refused");

        Llm.Behave(
            new StubBehaviour
            {
                Status = 429,
                RetryAfter = "3600",
                Times = 1,
            }
        );
        await ReleaseWaitsAsync();
        await node.TickAsync();
        await Eventually.SeesAsync(() => Task.FromResult(Llm.Calls.Total), total => total == 2);
        await InsertDueAsync("another");
        await node.TickAsync();
        Llm.Calls.Total.ShouldBe(2, "the model is left alone for every mission");
        (await Database.OwnChangesAsync()).ShouldBeEmpty();

        await ReleaseWaitsAsync();
        await node.TickAsync();
        await Eventually.SeesAsync(Database.RunsAsync, runs => runs.All(run => run.Verdict == "planned"));
        (await Database.MissionAsync(mission)).NextRunAt!.Value.ShouldBeGreaterThan(mission.DueAt!.Value);
    }

    /// <summary>A due mission of an agent that has used so much of its million tokens.</summary>
    private async Task InsertDueOfSpenderAsync(long used)
    {
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1", "\"maxTokensPerDay\":1000000"));
        await InsertDueAsync(change: one => one with { AgentId = "agent-1" });
        // The first node that looks at the database makes the tables.
        await (await StartAsync(("DRY_RUN", "true"))).TickAsync();
        await Database.ExecuteAsync(
            $"""
            insert into mana_ai.token_usage (run_id, user_id, mission_id, agent_id, model, prompt_tokens,
                                             completion_tokens, is_estimate)
            values (0, 'user-1', 'another', 'agent-1', 'm', {used}, 0, false)
            """
        );
    }

    private static string Unread(string id, string status) =>
        $$"""
            {"id":"{{id}}","startedAt":"2020-02-01T00:00:00.000Z","source":"server","overallStatus":"awaiting-review",
             "plan":[{"id":"{{id}}-0","summary":"Read","intent":{"kind":"note","body":"x"},"status":"planned"},
                     {"id":"{{id}}-1","summary":"Read","intent":{"kind":"note","body":"x"},"status":"{{status}}"}]}
            """;

    /// <summary>Its occurrence has that verdict, and one row moved its schedule and nothing else.</summary>
    private async Task ShouldBeSkippedAsync(DeviceMission mission, string reason, string detail = "")
    {
        var run = (await Database.RunsAsync()).Single(one => one.MissionId == mission.Id);
        (run.Verdict, run.Reason).ShouldBe(("skipped", reason));
        run.Detail.ShouldNotBeNull().ShouldContain(detail);
        var row = (await Database.OwnChangesAsync()).Single(one => one.RecordId == mission.Id);
        row.Data.EnumerateObject().Select(field => field.Name).ShouldBe(["nextRunAt"]);
        row.Data.GetProperty("nextRunAt").GetDateTimeOffset().ShouldBeGreaterThan(mission.DueAt!.Value);
        row.Actor.GetProperty("kind").GetString().ShouldBe("system");
        (await Database.MissionAsync(mission)).NextRunAt.ShouldBe(
            row.Data.GetProperty("nextRunAt").GetDateTimeOffset()
        );
    }
}
