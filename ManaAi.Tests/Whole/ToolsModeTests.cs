using System.Text.Json;
using ManaAi.Actors.Planning;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Internal;
using ManaAi.Tests.Planning;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>What becomes of a due mission where plans are native function calls.</summary>
public sealed class ToolsModeTests : WholeTests
{
    [Fact]
    public async Task Calls_are_recorded_summed_up_and_kept_and_their_usage_is_added_up()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        (await IterationAsync()).ShouldBe(("awaiting-review", null));
        var steps = (await PlanAsync()).GetProperty("plan").GetArrayLength();
        Llm.Calls.Total.ShouldBe(2);
        var run = await SingleRunAsync();
        (run.Verdict, run.Calls, run.Answers.GetArrayLength()).ShouldBe(("planned", 2, 2));
        (await Database.ReadAsync<long>("select prompt_tokens from mana_ai.runs")).ShouldBe(
            Llm.Calls.Recent.Sum(call => call.Body.Length / 4)
        );
        (await CallsCountedAsync(node, "deferred")).ShouldBe(steps, "once each");
        (await node.MetricAsync("mana_ai_planner_rounds_sum")).ShouldBe(2);
    }

    [Fact]
    public async Task Words_without_a_call_are_an_empty_plan()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { EmptyPlan = true });

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        (await IterationAsync()).ShouldBe(("approved", null));
        (await PlanAsync()).GetProperty("summary").GetString()!.ShouldEndWith("nothing to do.");
        Llm.Calls.Total.ShouldBe(1);
    }

    [Fact]
    public async Task No_words_at_all_are_asked_about_once_and_then_told_as_failed()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Content = " " });

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 1));

        Llm.Calls.Total.ShouldBe(2);
        Llm.Calls.Recent[1].Body.ShouldContain("The answer was empty");
        (await IterationAsync()).ShouldBe(("failed", "unusable-plan"));
    }

    [Fact]
    public async Task An_answer_that_was_cut_off_keeps_its_whole_calls_and_hears_of_the_other()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { CutContent = true, Times = 1 });

        await node.TickAsync();

        Llm.Calls.Recent[1].Body.ShouldContain("The call was cut off");
        (await CallsCountedAsync(node, "failure")).ShouldBe(1);
    }

    [Fact]
    public async Task A_model_that_never_stops_calling_is_stopped_after_five_rounds()
    {
        var node = await StartToolsAsync(("RUN_MAX_ATTEMPTS", "1"));
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Calls = [Wire("again")] });

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(5);
        (await PlanAsync()).GetProperty("plan").GetArrayLength().ShouldBe(5);
    }

    [Fact]
    public async Task A_model_that_calls_ever_more_is_stopped_by_what_a_plan_can_hold()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { KeepsCalling = true });

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBeLessThanOrEqualTo(5);
        (await PlanAsync()).GetProperty("plan").GetArrayLength().ShouldBe(5);
    }

    [Fact]
    public async Task Calls_with_one_id_are_answered_one_by_one()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Calls = [Wire("a", "x"), Wire("b", "x")], Times = 1 });

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        (await PlanAsync()).GetProperty("plan").GetArrayLength().ShouldBe(2);
        using var asked = JsonDocument.Parse(Llm.Calls.Recent[1].Body);
        asked
            .RootElement.GetProperty("messages")
            .EnumerateArray()
            .Select(message => message.Text("tool_call_id"))
            .OfType<string>()
            .Distinct()
            .Count()
            .ShouldBe(2);
    }

    [Fact]
    public async Task Arguments_that_are_no_JSON_are_told_and_may_be_made_good()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(
            new StubBehaviour { Calls = [new(null, "create_task", "so be it")], Times = 1 },
            new StubBehaviour { Calls = [Wire("a")], Times = 1 }
        );

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(3);
        Llm.Calls.Recent[1].Body.ShouldContain("have to be one JSON object");
        (await PlanAsync()).GetProperty("plan").GetArrayLength().ShouldBe(1);
        (await CallsCountedAsync(node, "failure")).ShouldBe(1);
    }

    [Fact]
    public async Task A_denied_tool_is_never_offered_and_refused_when_it_is_named()
    {
        var node = await StartToolsAsync();
        await Database.InsertChangeAsync(
            new DeviceChange(
                "agent-1",
                """{"id":"agent-1","name":"Ada","policy":{"tools":{"create_task":"deny"},"defaultForAi":"propose"}}"""
            )
            {
                TableName = "agents",
            }
        );
        await InsertDueAsync(agentId: "agent-1");
        Llm.Behave(new StubBehaviour { Calls = [Wire("a")] });

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 1));

        Llm.Calls.Recent[0].Body.ShouldContain("\"complete_task\"");
        Llm.Calls.Recent[0].Body.ShouldNotContain("create_task");
        (await IterationAsync()).ShouldBe(("failed", "unusable-plan"));
        Llm.Calls.Total.ShouldBe(2, "two bad calls in a row");
        var page = await PageAsync(node);
        page.Value(
                "mana_ai_tool_calls_total",
                ("tool", "create_task"),
                ("policy", "deny"),
                ("outcome", "failure")
            )
            .ShouldBe(2);
    }

    [Fact]
    public async Task A_tool_that_a_model_made_up_names_no_label()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Calls = [new("x", "make_coffee", "{}")] });

        await node.TickAsync();

        var page = await PageAsync(node);
        page.Value(
                "mana_ai_tool_calls_total",
                ("tool", "unknown"),
                ("policy", "deny"),
                ("outcome", "failure")
            )
            .ShouldBe(2);
    }

    [Fact]
    public async Task A_node_that_died_between_two_rounds_is_followed_from_the_next()
    {
        await KeepAsDyingNodeAsync(DialogueAnswers.Calls(DialogueAnswers.Good("kept")));

        var node = await StartToolsAsync();
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(1);
        var plan = await PlanAsync();
        plan.GetProperty("plan")[0].GetProperty("summary").GetString()!.ShouldStartWith("Add kept");
        plan.GetProperty("plan").GetArrayLength().ShouldBe(1);
        (await SingleRunAsync()).Answers.GetArrayLength().ShouldBe(2);
    }

    [Fact]
    public async Task A_round_that_fails_is_made_again_and_those_before_it_are_not()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(
            new StubBehaviour
            {
                Status = 503,
                Match = "tool: recorded",
                Times = 1,
            }
        );

        await node.TickAsync();
        var run = await Eventually.SeesAsync(SingleRunAsync, run => run.Verdict is not null);

        (run.Verdict, run.Attempts, run.Calls).ShouldBe(("planned", 2, 3));
        Llm.Calls.Total.ShouldBe(3);
    }

    [Fact]
    public async Task Rounds_that_stay_unanswered_leave_a_plan_of_what_was_recorded()
    {
        var node = await StartToolsAsync(("RUN_MAX_ATTEMPTS", "2"));
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Status = 503, Match = "tool: recorded" });

        await node.TickAsync();
        var run = await Eventually.SeesAsync(SingleRunAsync, run => run.Verdict is not null);

        (run.Verdict, run.Attempts, run.Calls).ShouldBe(("planned", 2, 3));
    }

    [Fact]
    public async Task A_server_that_takes_calls_but_no_answers_to_them_still_gives_a_plan()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Status = 400, Match = "tool: recorded" });

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(2);
        (await IterationAsync()).ShouldBe(("awaiting-review", null));
    }

    [Fact]
    public async Task What_a_filter_blocks_later_is_told_as_failed()
    {
        var node = await StartToolsAsync();
        await InsertDueAsync();
        Llm.Behave(
            new StubBehaviour
            {
                Status = 400,
                Kind = "blocked",
                Match = "tool: recorded",
            }
        );

        await node.TickAsync();

        (await IterationAsync()).ShouldBe(("failed", "rejected"));
    }

    [Fact]
    public async Task Calls_that_are_used_up_end_it_with_what_is_recorded()
    {
        await KeepAsDyingNodeAsync(DialogueAnswers.Calls(DialogueAnswers.Good("kept")));
        await Database.ExecuteAsync("update mana_ai.runs set calls = 10");

        var node = await StartToolsAsync(("RUN_MAX_ATTEMPTS", "2"));
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(0);
        (await PlanAsync()).GetProperty("plan").GetArrayLength().ShouldBe(1);
    }

    private Task<WholeNode> StartToolsAsync(params IEnumerable<(string Name, string Value)> settings) =>
        StartAsync([("PLANNER_MODE", "auto"), .. settings]);

    private async Task KeepAsDyingNodeAsync(KeptAnswer answer)
    {
        await using var bench = await LedgerBench.OnAsync(Database);
        var dying = bench.Node("dying");
        await InsertDueAsync();
        var claim = await dying.TickAndClaimAsync();
        await dying.AskAsync(claim, answer);
        await bench.AgeLeasesAsync();
    }

    private async Task<JsonElement> PlanAsync() =>
        (await Database.OwnChangesAsync()).ShouldHaveSingleItem().Iterations.ShouldHaveSingleItem();

    private static StubToolCall Wire(string title, string id = "call") =>
        new(id, "create_task", DialogueAnswers.Arguments(title));

    private static async Task<PrometheusPage> PageAsync(WholeNode node)
    {
        using var answer = await node.GetAsync("metrics");
        return PrometheusPage.Parse(await answer.Content.ReadAsStringAsync());
    }

    private static async Task<double> CallsCountedAsync(WholeNode node, string outcome) =>
        (await PageAsync(node))
            .Samples.Where(sample =>
                sample.Name == "mana_ai_tool_calls_total" && sample.Label("outcome") == outcome
            )
            .Sum(sample => sample.Value);
}

/// <summary>The first generation's mana-llm has no tools.</summary>
public sealed class ModeOfGenerationOneTests() : WholeTests(LogGeneration.One)
{
    [Fact]
    public async Task By_itself_it_is_asked_for_JSON()
    {
        var node = await StartAsync(("PLANNER_MODE", "auto"));
        await InsertDueAsync();

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        var call = Llm.Calls.Recent.ShouldHaveSingleItem();
        call.Body.ShouldNotContain("\"tools\":[");
        (call.Model, call.Body.Contains("json_schema", StringComparison.Ordinal)).ShouldBe(
            ("gpt-4o-mini", true)
        );
    }
}
