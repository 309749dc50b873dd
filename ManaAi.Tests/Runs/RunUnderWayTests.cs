using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>What a claim does with its run until it is closed: calls, answers, waits, and handing back.</summary>
public sealed class RunUnderWayTests : BenchTests
{
    private static readonly TimeSpan _anHour = TimeSpan.FromHours(1);
    private static readonly Release _rateLimit = new(TimeSpan.Zero, "rate-limit", "429", CostsAttempt: false)
    {
        IsCallGivenBack = true,
    };
    private static readonly Release _retry = new(TimeSpan.Zero, "retry", "503", CostsAttempt: true);

    [Fact]
    public async Task Calls_with_tools_have_a_higher_bound()
    {
        var node = Bench.Node(options: new RunOptions { AttemptsMax = 2 });
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        for (var call = 0; call < 10; call++)
        {
            (await CountCallAsync(node, claim, PlanMode.Tools)).ShouldBeTrue();
        }

        (await CountCallAsync(node, claim, PlanMode.Tools)).ShouldBeFalse();
    }

    [Fact]
    public async Task Calls_are_bounded_over_all_attempts()
    {
        var node = Bench.Node(options: new RunOptions { AttemptsMax = 2 });
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        for (var call = 0; call < 3; call++)
        {
            (await CountCallAsync(node, claim)).ShouldBeTrue();
        }

        await Bench.AgeLeasesAsync();
        var next = (await node.ClaimAsync()).ShouldHaveSingleItem();

        next.Calls.ShouldBe(3);
        (await CountCallAsync(node, next)).ShouldBeTrue();
        (await CountCallAsync(node, next)).ShouldBeFalse();
        (await Database.RunAsync(claim.RunId)).Calls.ShouldBe(4);
    }

    [Fact]
    public async Task An_answer_is_there_for_whoever_comes_after_a_crash()
    {
        var (dying, next) = (Bench.Node("dying"), Bench.Node("next"));
        await Bench.InsertDueAsync();
        var claim = await dying.TickAndClaimAsync();
        await CountCallAsync(dying, claim);
        (await dying.KeepAsync(claim, "first")).ShouldBeTrue();
        (await dying.KeepAsync(claim, "second", place: 1)).ShouldBeTrue();
        (await dying.KeepAsync(claim, "second", place: 1)).ShouldBeTrue("said twice is kept once");

        await Bench.AgeLeasesAsync();
        var taken = (await next.ClaimAsync()).ShouldHaveSingleItem();

        KeptAnswer.ReadAll(taken.Answers).Select(answer => answer.Content).ShouldBe(["first", "second"]);
        (await dying.KeepAsync(claim, "late", place: 2)).ShouldBeFalse("the run is another's");
        KeptAnswer.ReadAll(taken.Answers).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_failed_attempt_counts_waits_and_leaves_nothing_of_its_answers()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await CountCallAsync(node, claim);
        await node.KeepAsync(claim, "useless");

        (await node.ReleaseAsync(claim, _retry with { Wait = _anHour })).ShouldBeTrue();

        var run = await Database.RunAsync(claim.RunId);
        (run.Attempts, run.Calls, run.WaitsFor, run.LastError, run.LeaseUntil).ShouldBe(
            (1, 1, "retry", "503", null)
        );
        run.Answers.GetArrayLength().ShouldBe(0);
        run.ClaimableAt.ShouldBeGreaterThan(await Bench.NowAsync() + _anHour / 2);
        (await node.TickAsync()).ShouldBeEmpty();
        (await node.ClaimAsync()).ShouldBeEmpty();
        await Bench.EndWaitsAsync();
        (await node.ClaimAsync()).ShouldHaveSingleItem().Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task An_answer_that_the_log_refused_is_kept_for_the_next_attempt()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await CountCallAsync(node, claim);
        await node.KeepAsync(claim, "good");

        await node.ReleaseAsync(claim, _retry with { KeepsAnswers = true });

        KeptAnswer
            .ReadAll((await node.ClaimAsync()).ShouldHaveSingleItem().Answers)
            .ShouldHaveSingleItem()
            .Content.ShouldBe("good");
    }

    [Fact]
    public async Task A_rate_limit_costs_neither_attempts_nor_calls_and_remembers_since_when()
    {
        var node = Bench.Node(options: new RunOptions { AttemptsMax = 1 });
        await Bench.InsertDueAsync();
        await node.TickAsync();
        DateTimeOffset? since = null;
        for (var round = 0; round < 5; round++)
        {
            var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
            (claim.Attempt, claim.RateLimitedSince).ShouldBe((1, since));
            (await CountCallAsync(node, claim)).ShouldBeTrue("calls that 429 answered are apart");
            await node.ReleaseAsync(claim, _rateLimit);
            since ??= (await Database.RunAsync(claim.RunId)).RateLimitedSince.ShouldNotBeNull();
        }

        var other = (await node.ClaimAsync()).ShouldHaveSingleItem();
        await node.ReleaseAsync(other, _retry);
        (await Database.RunAsync(other.RunId)).RateLimitedSince.ShouldBeNull();
    }

    [Fact]
    public async Task What_a_stopping_node_hands_back_is_free_at_once_and_cost_no_attempt()
    {
        var (stopping, next) = (Bench.Node("stopping"), Bench.Node("next"));
        await Bench.InsertManyDueAsync("user-1", 1);
        await Bench.InsertManyDueAsync("user-2", 1);
        await stopping.TickAsync();
        var held = (await stopping.ClaimAsync(1)).ShouldHaveSingleItem();
        var others = (await next.ClaimAsync(1)).ShouldHaveSingleItem();

        await stopping.Ledger.HandBackAsync(CancellationToken.None);

        var taken = (await next.ClaimAsync()).ShouldHaveSingleItem();
        (taken.RunId, taken.Attempt, taken.IsTakeover).ShouldBe((held.RunId, 1, false));
        taken.Epoch.ShouldBeGreaterThan(
            held.Epoch + 1,
            "the stopped node's late write must find another epoch"
        );
        (await stopping.WriteAsync(held)).ShouldBe(WriteBackResult.ClaimLost);
        (await Database.RunAsync(others.RunId)).Epoch.ShouldBe(others.Epoch);
    }

    [Fact]
    public async Task The_next_look_is_due_when_the_first_wait_ends()
    {
        var node = Bench.Node();
        (await node.Ledger.UntilReadyAsync(CancellationToken.None)).ShouldBeNull();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await node.ReleaseAsync(claim, _retry with { Wait = _anHour });
        await node.ClaimAsync();

        var wait = (await node.Ledger.UntilReadyAsync(CancellationToken.None)).ShouldNotBeNull();

        wait.ShouldBeInRange(_anHour - TimeSpan.FromMinutes(5), _anHour);
    }

    private static async Task<bool> CountCallAsync(
        BenchNode node,
        Claim claim,
        PlanMode mode = PlanMode.Json
    ) => await node.AdmitAsync(claim, mode: mode) is Admission.Admitted;
}
