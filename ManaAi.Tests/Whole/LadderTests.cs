using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>What becomes of a due mission when mana-llm answers well, badly, or not at all.</summary>
public sealed class LadderTests : WholeTests
{
    [Fact]
    public async Task A_due_mission_becomes_exactly_one_iteration_of_the_server()
    {
        var node = await StartAsync();
        var mission = await InsertDueAsync();

        var answer = await node.TickAsync();

        answer.Numbers.ShouldBe((1, 1, 1, 0));
        answer.Errors.ShouldBeEmpty();
        (await IterationAsync()).ShouldBe(("awaiting-review", null));
        (await SingleRunAsync()).Verdict.ShouldBe("planned");
        var stored = await Database.MissionAsync(mission);
        stored.NextRunAt.ShouldNotBeNull().ShouldBeGreaterThan(mission.DueAt!.Value);
        (await node.TickAsync()).Numbers.ShouldBe((0, 0, 0, 0));
        Llm.Calls.Total.ShouldBe(1);
        (await Database.OwnChangesAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_empty_plan_is_an_outcome()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { EmptyPlan = true });

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        (await IterationAsync()).ShouldBe(("approved", null));
        (await SingleRunAsync()).Verdict.ShouldBe("empty");
    }

    [Fact]
    public async Task A_server_that_takes_no_structured_output_is_asked_without_and_not_asked_again_with_it()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Status = 400, Times = 1 });

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
        Llm.Calls.Total.ShouldBe(2);
        await InsertDueAsync("mission-2");
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(3);
        Llm.Calls.Recent.Select(call => call.Body.Contains("json_schema", StringComparison.Ordinal))
            .ShouldBe([true, false, false]);
    }

    [Fact]
    public async Task Babble_is_asked_once_more_with_what_is_wrong_and_then_told_as_failed()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Babble = Babble.Prose });

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 1));

        Llm.Calls.Total.ShouldBe(2);
        Llm.Calls.Recent[1]
            .Body.ShouldContain("Planning is the art of taking small steps", customMessage: "its answer");
        Llm.Calls.Recent[1].Body.Length.ShouldBeGreaterThan(Llm.Calls.Recent[0].Body.Length);
        (await IterationAsync()).ShouldBe(("failed", "unusable-plan"));
        (await node.TickAsync()).Numbers.ShouldBe((0, 0, 0, 0));
    }

    [Fact]
    public async Task Babble_once_costs_one_more_call()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Babble = Babble.Prose, Times = 1 });

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(2);
        (await IterationAsync()).ShouldBe(("awaiting-review", null));
    }

    [Fact]
    public async Task A_service_that_stays_away_is_tried_so_often_and_then_told_as_failed()
    {
        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "3"));
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Status = 503 });

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 0));
        var run = await Eventually.SeesAsync(SingleRunAsync, run => run.Verdict is not null);

        (run.Verdict, run.Reason, run.Attempts, run.Calls).ShouldBe(("failed", "llm-unavailable", 3, 3));
        Llm.Calls.Total.ShouldBe(3);
        (await IterationAsync()).ShouldBe(("failed", "llm-unavailable"));
    }

    [Fact]
    public async Task A_service_that_comes_back_is_found_by_the_next_attempt()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        Llm.Behave(
            new StubBehaviour { Reset = true, Times = 1 },
            new StubBehaviour { CutOff = true, Times = 1 }
        );

        await node.TickAsync();
        var run = await Eventually.SeesAsync(SingleRunAsync, run => run.Verdict is not null);

        (run.Verdict, run.Attempts).ShouldBe(("planned", 3));
    }

    [Fact]
    public async Task A_rate_limit_waits_as_asked_and_costs_no_attempt()
    {
        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "1"));
        await InsertDueAsync();
        Llm.Behave(
            new StubBehaviour
            {
                Status = 429,
                RetryAfter = "600",
                Times = 1,
            }
        );

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 0));

        var run = await SingleRunAsync();
        (run.Verdict, run.WaitsFor, run.Attempts, run.Calls).ShouldBe((null, "rate-limit", 0, 0));
        var now = await Database.ReadAsync<DateTimeOffset>("select now()");
        (run.ClaimableAt - now).ShouldBeInRange(TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
        (await node.TickAsync()).Numbers.ShouldBe((0, 0, 0, 0));
        await ReleaseWaitsAsync();
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
    }

    [Fact]
    public async Task A_rate_limit_that_lasts_too_long_is_told_as_failed()
    {
        var node = await StartAsync(("RATE_LIMIT_MAX_MS", "1000"));
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Status = 429, RetryAfter = "600" });

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 0));

        (await IterationAsync()).ShouldBe(("failed", "rate-limited"));
    }

    [Fact]
    public async Task A_key_that_is_refused_keeps_the_run_open_however_often_it_is_tried()
    {
        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "1"));
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Status = 401 });
        for (var round = 0; round < 4; round++)
        {
            (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 0));
            var run = await SingleRunAsync();
            (run.Verdict, run.WaitsFor, run.Attempts).ShouldBe((null, "authorization", 0));
            await ReleaseWaitsAsync();
        }

        Llm.Behave();
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
    }

    [Fact]
    public async Task What_the_llm_will_never_plan_is_told_at_once()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        Llm.Behave(new StubBehaviour { Status = 400, Kind = "blocked" });

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 0));

        Llm.Calls.Total.ShouldBe(1);
        (await IterationAsync()).ShouldBe(("failed", "rejected"));
    }

    [Fact]
    public async Task A_result_that_the_log_refuses_is_offered_again_without_another_call_and_given_up_in_the_end()
    {
        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "2"));
        await InsertDueAsync();
        await node.TickAsync();
        await InsertDueAsync("refused");
        await Database.RefuseRowsOfAsync("refused");

        await node.TickAsync();
        var run = await Eventually.SeesAsync(
            async () => (await Database.RunsAsync())[^1],
            run => run.Verdict is not null
        );

        (run.Verdict, run.Reason, run.Attempts).ShouldBe(("skipped", "write-refused", 3));
        Llm.Calls.Total.ShouldBe(2, "one for each mission");
        (await node.TickAsync()).Numbers.ShouldBe((0, 0, 0, 0));

        await Database.TakeRowsAgainAsync();
        (await node.TickAsync()).Numbers.ShouldBe((0, 0, 0, 0));
        (await Database.OwnChangesAsync())[^1].Data.TryGetProperty("nextRunAt", out _).ShouldBeTrue();
        Llm.Calls.Total.ShouldBe(2);
    }

    [Theory]
    [InlineData("disk_full")]
    [InlineData("lock_not_available")]
    public async Task A_database_that_takes_no_rows_for_a_while_costs_no_attempt_and_gives_nothing_up(
        string by
    )
    {
        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "1"), ("RUN_RETRY_BASE_MS", "600000"));
        await InsertDueAsync("refused");
        await Database.RefuseRowsOfAsync("refused", by);
        for (var offer = 0; offer < 3; offer++)
        {
            await node.TickAsync();
            var run = await SingleRunAsync();
            (run.Verdict, run.WaitsFor, run.Attempts).ShouldBe((null, "write-back", 0));
            await ReleaseWaitsAsync();
        }

        await Database.TakeRowsAgainAsync();
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(1);
        (await node.MetricAsync("mana_ai_lease_takeovers_total")).ShouldBe(0);
    }

    [Fact]
    public async Task A_result_that_the_log_takes_at_last_is_the_one_that_was_paid_for()
    {
        var node = await StartAsync(("RUN_RETRY_BASE_MS", "600000"));
        await InsertDueAsync("refused");
        await Database.RefuseRowsOfAsync("refused");
        await node.TickAsync();
        var run = await SingleRunAsync();
        (run.Verdict, run.WaitsFor, run.Answers.GetArrayLength()).ShouldBe((null, "write-back", 1));

        await Database.TakeRowsAgainAsync();
        await ReleaseWaitsAsync();
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(1);
        (await IterationAsync()).ShouldBe(("awaiting-review", null));
    }
}
