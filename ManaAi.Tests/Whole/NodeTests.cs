using System.Globalization;
using System.Net;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>Nodes that hang, die, stop, share, or are told to hold still.</summary>
public sealed class NodeTests : WholeTests
{
    private const string HangingObjective = "Hang until the end of time";

    private static StubBehaviour Hanging { get; } =
        new() { Hang = Hang.BeforeHeaders, Match = HangingObjective };

    [Fact]
    public async Task A_hanging_mission_keeps_neither_ticks_nor_other_missions_waiting()
    {
        var node = await StartAsync();
        Llm.Behave(Hanging);
        await InsertDueAsync("hanging", objective: HangingObjective);

        var pending = node.SendTickAsync();
        await Llm.Calls.WhenAsync(1, CancellationToken.None);

        (await node.TickAsync()).Errors.ShouldBe(["overlap-skipped"]);
        pending.IsCompleted.ShouldBeFalse();

        var other = await StartAsync();
        await InsertDueAsync("same-user");
        await InsertDueAsync("other-user", "user-2");
        (await other.TickAsync()).Numbers.ShouldBe((2, 2, 2, 0));

        await node.StopAsync();
        using var answer = await pending;
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task The_timer_goes_on_while_a_manual_tick_waits_for_its_mission()
    {
        // Beyond its user's cap the second one waits, and so does the manual tick, for as long as the first one hangs.
        var node = await StartAsync(
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "500"),
            ("MAX_CONCURRENT_PLANS_PER_USER", "1")
        );
        Llm.Behave(Hanging);
        await InsertDueAsync("hanging", objective: HangingObjective);
        await Llm.Calls.WhenAsync(1, CancellationToken.None);
        await InsertDueAsync("behind-it");
        var pending = await Eventually.SeesAsync(() => StartPendingAsync(node), task => task is not null);

        await InsertDueAsync("other", "user-2");

        await Eventually.SeesAsync(Database.OwnChangesAsync, rows => rows.Count == 1);
        (await node.TickAsync()).Errors.ShouldBe(["overlap-skipped"]);
        pending!.IsCompleted.ShouldBeFalse();
        await node.StopAsync();
        (await pending).Dispose();
    }

    [Fact]
    public async Task A_node_that_died_after_its_answer_came_is_followed_without_another_call()
    {
        await using (var bench = await LedgerBench.OnAsync(Database))
        {
            var dying = bench.Node("dying");
            await InsertDueAsync();
            var claim = await dying.TickAndClaimAsync();
            const string answer = """{"summary":"Kept.","steps":[]}""";
            await dying.AdmitAsync(claim);
            await dying.KeepAsync(claim, answer);
            await bench.AgeLeasesAsync();
        }

        var node = await StartAsync();
        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(0);
        (await IterationAsync()).ShouldBe(("approved", null));
        var run = await SingleRunAsync();
        (run.Attempts, run.Owner).ShouldBe((2, node.NodeId));
    }

    [Fact]
    public async Task A_mission_that_kills_every_process_is_told_as_failed_without_a_call()
    {
        await using (var bench = await LedgerBench.OnAsync(Database))
        {
            var dying = bench.Node("dying", new RunOptions { AttemptsMax = 2 });
            await InsertDueAsync();
            await dying.TickAsync();
            for (var crash = 0; crash < 2; crash++)
            {
                (await dying.ClaimAsync()).Count.ShouldBe(1);
                await bench.AgeLeasesAsync();
            }
        }

        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "2"));
        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 0));

        Llm.Calls.Total.ShouldBe(0);
        (await IterationAsync()).ShouldBe(("failed", "attempts-used-up"));
    }

    [Fact]
    public async Task A_run_that_no_attempt_can_even_read_is_told_as_failed_and_not_claimed_for_ever()
    {
        await using (var bench = await LedgerBench.OnAsync(Database))
        {
            await InsertDueAsync();
            await bench.Node().TickAsync();
        }

        await Database.ExecuteAsync("update mana_ai.runs set attempts = 2, answers = '[1]'");
        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "2"));

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 0));

        (await IterationAsync()).ShouldBe(("failed", "attempts-used-up"));
        (await SingleRunAsync()).Verdict.ShouldBe("failed");
    }

    [Fact]
    public async Task A_node_that_is_stopped_hands_back_what_it_cannot_finish_and_the_next_goes_on_at_once()
    {
        var (stopping, pending) = await StartHangingAsync();

        await stopping.StopAsync();
        (await pending).Dispose();

        var run = await SingleRunAsync();
        (run.Verdict, run.Attempts, run.LeaseUntil).ShouldBe((null, 0, null));
        Llm.Behave();
        (await (await StartAsync()).TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
    }

    [Fact]
    public async Task A_node_whose_time_to_stop_is_used_up_hands_back_all_the_same()
    {
        var (stopping, pending) = await StartHangingAsync();

        await stopping.StopAsync(new CancellationToken(canceled: true));

        (await SingleRunAsync()).LeaseUntil.ShouldBeNull();
        (await Database.ReadAsync<bool>("select gone_at is not null from mana_ai.nodes")).ShouldBeTrue();
        await pending.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    /// <summary>A node with a call under way that is never answered, and the tick that began it.</summary>
    private async Task<(WholeNode Node, Task<HttpResponseMessage> Tick)> StartHangingAsync()
    {
        var node = await StartAsync();
        Llm.Behave(Hanging);
        await InsertDueAsync(objective: HangingObjective);
        var pending = node.SendTickAsync();
        await Llm.Calls.WhenAsync(1, CancellationToken.None);
        return (node, pending);
    }

    [Fact]
    public async Task A_node_that_is_stopped_finishes_what_ends_within_the_grace()
    {
        var stopping = await StartAsync(("SHUTDOWN_GRACE_MS", "60000"));
        Llm.Behave(new StubBehaviour { DelayMs = 500 });
        await InsertDueAsync();
        var pending = stopping.SendTickAsync();
        await Llm.Calls.WhenAsync(1, CancellationToken.None);

        await stopping.StopAsync();
        (await pending).Dispose();

        var run = await SingleRunAsync();
        (run.Verdict, run.Attempts, run.Owner).ShouldBe(("planned", 1, stopping.NodeId));
    }

    [Fact]
    public async Task Without_its_timer_a_node_does_nothing_by_itself_until_a_manual_tick_has_run()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        await using (var bench = await LedgerBench.OnAsync(Database))
        {
            (await bench.Node("other").TickAsync()).Count.ShouldBe(1, "open, and for any node to take");
        }

        var still = await StartAsync(
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "86400000"),
            ("DRY_RUN", "true")
        );
        await Eventually.SeesAsync(still.TicksAsync, ticks => ticks >= 1);
        Llm.Calls.Total.ShouldBe(0, "a node with a timer has ticked in the meantime");
        (await SingleRunAsync()).Attempts.ShouldBe(0);

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
    }

    [Fact]
    public async Task A_dry_run_finds_and_counts_and_neither_calls_nor_writes()
    {
        var node = await StartAsync(("DRY_RUN", "true"));
        await InsertDueAsync("mission-1");
        await InsertDueAsync("mission-2");

        (await node.TickAsync()).Numbers.ShouldBe((2, 0, 0, 0));
        (await node.TickAsync()).Numbers.ShouldBe((2, 0, 0, 0));

        Llm.Calls.Total.ShouldBe(0);
        (await Database.OwnChangesAsync()).ShouldBeEmpty();
        (await Database.RunsAsync()).ShouldAllBe(run => run.Attempts == 0 && run.Verdict == null);
    }

    [Fact]
    public async Task Two_nodes_share_the_work_and_plan_nothing_twice()
    {
        Llm.Behave(new StubBehaviour { DelayMs = 100 });
        var nodes = new[]
        {
            await StartAsync(("MAX_CONCURRENT_PLANS", "4")),
            await StartAsync(("MAX_CONCURRENT_PLANS", "4")),
        };
        const int missions = 40;
        for (var number = 0; number < missions; number++)
        {
            await InsertDueAsync(
                string.Create(CultureInfo.InvariantCulture, $"mission-{number}"),
                string.Create(CultureInfo.InvariantCulture, $"user-{number / 2}"),
                string.Create(CultureInfo.InvariantCulture, $"Objective {number}")
            );
        }

        // The second comes while the first is full.
        var first = nodes[0].TickAsync();
        await Llm.Calls.WhenAsync(4, CancellationToken.None);
        await Task.WhenAll(first, nodes[1].TickAsync());
        var runs = await Eventually.SeesAsync(
            Database.RunsAsync,
            runs => runs.Count == missions && runs.All(run => run.Verdict == "planned")
        );

        runs.Select(run => run.Owner).Distinct().Order().ShouldBe(nodes.Select(node => node.NodeId).Order());
        Llm.Calls.Total.ShouldBe(missions);
        (await Database.OwnChangesAsync()).Select(row => row.RecordId).Distinct().Count().ShouldBe(missions);
    }

    [Fact]
    public async Task Three_nodes_that_are_replaced_one_after_the_other_under_load_pay_for_no_plan_twice()
    {
        Llm.Behave(new StubBehaviour { DelayMs = 100 });
        (string, string)[] settings =
        [
            ("TICK_ENABLED", "true"),
            ("TICK_INTERVAL_MS", "100"),
            ("MAX_CONCURRENT_PLANS", "3"),
            ("SHUTDOWN_GRACE_MS", "60000"),
        ];
        var missions = 0;
        await InsertManyAsync(20);
        WholeNode[] old =
        [
            await StartAsync(settings),
            await StartAsync(settings),
            await StartAsync(settings),
        ];
        List<WholeNode> next = [];

        foreach (var node in old)
        {
            await InsertManyAsync(20);
            // It is stopped in the middle of a plan.
            await Eventually.SeesAsync(() => HeldByAsync(node), held => held > 0);
            await node.StopAsync();
            next.Add(await StartAsync(settings));
        }

        await InsertManyAsync(20);
        var runs = await Eventually.SeesAsync(
            Database.RunsAsync,
            runs => runs.Count == missions && runs.All(run => run.Verdict == "planned")
        );

        runs.ShouldAllBe(run => run.Epoch == 1 && run.Attempts == 1);
        runs.Select(run => run.Owner)
            .Distinct()
            .ShouldBe(old.Concat(next).Select(node => node.NodeId), ignoreOrder: true);
        Llm.Calls.Total.ShouldBe(missions);
        (await Database.OwnChangesAsync()).Select(row => row.RecordId).ShouldBeUnique();

        async Task InsertManyAsync(int count)
        {
            for (var last = missions + count; missions < last; missions++)
            {
                var number = missions.ToString(CultureInfo.InvariantCulture);
                await InsertDueAsync($"mission-{number}", $"user-{number}", $"Objective {number}");
            }
        }

        async Task<int> HeldByAsync(WholeNode node) =>
            (await Database.RunsAsync()).Count(run => run.Owner == node.NodeId && run.Verdict == null);
    }

    /// <summary>
    /// A manual tick that waits, however often the timer has ticked since; null where the timer's tick was in its way.
    /// </summary>
    private static async Task<Task<HttpResponseMessage>?> StartPendingAsync(WholeNode node)
    {
        var tick = node.SendTickAsync();
        var before = await node.TicksAsync();
        await Eventually.SeesAsync(node.TicksAsync, ticks => ticks >= before + 3 || tick.IsCompleted);
        if (!tick.IsCompleted)
        {
            return tick;
        }

        (await tick).Dispose();
        return null;
    }
}
