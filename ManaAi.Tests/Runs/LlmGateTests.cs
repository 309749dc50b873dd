using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>What failed calls teach all nodes: the breaker, the refused key, and models that answer 429.</summary>
public sealed class LlmGateTests : BenchTests
{
    private static readonly LlmOutcome _down = new LlmOutcome.Unavailable("connect", "refused");
    private static readonly LlmOutcome _strange = new LlmOutcome.Unavailable("bad-answer", "HTML");
    private static readonly LlmOutcome _refusedKey = new LlmOutcome.Unauthorized(401, "no");
    private static readonly LlmOutcome _busy = new LlmOutcome.RateLimited(TimeSpan.FromMinutes(10));
    private static readonly LlmOutcome _answered = new LlmOutcome.Answered(
        new LlmAnswer("{}", [], "stop", LlmUsage.None)
    );

    [Fact]
    public async Task Nineteen_failed_calls_prove_nothing_and_the_twentieth_opens_the_breaker_for_all_nodes()
    {
        var (node, other) = (Bench.Node(), Bench.Node("other"));
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _down, 19);
        (await other.RoundAsync(1)).Claims.Count.ShouldBe(1);

        await NoteAsync(other, claim, _down, 1);

        var round = await other.RoundAsync();
        (round.Claims.Count, round.Gate.BreakerWord).ShouldBe((0, "open"));
        round.Gate.Wait!.Value.ShouldBeInRange(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30));
        (await node.RoundAsync()).Claims.ShouldBeEmpty("every node reads the same rows");
        (await Bench.Node("restarted").RoundAsync()).Claims.ShouldBeEmpty("a restart forgets nothing");
        round.Gate.Degradations.ShouldHaveSingleItem().ShouldContain("MANA_LLM_URL");
    }

    [Theory]
    [InlineData(11, 10, "closed")]
    [InlineData(10, 10, "open")]
    public async Task It_opens_when_half_of_the_last_minutes_calls_failed(
        int answered,
        int failed,
        string word
    )
    {
        var node = Bench.Node();
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _answered, answered);
        await NoteAsync(node, claim, _down, failed);

        (await node.RoundAsync()).Gate.BreakerWord.ShouldBe(word);
    }

    [Fact]
    public async Task What_failed_more_than_a_minute_ago_does_not_count()
    {
        var node = Bench.Node();
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _down, 19);
        await Database.ExecuteAsync("update mana_ai.llm_calls set bucket = bucket - interval '2 minutes'");
        await NoteAsync(node, claim, _down, 10);

        (await node.RoundAsync()).Gate.BreakerWord.ShouldBe("closed");
    }

    [Fact]
    public async Task Strange_answers_are_answers_to_the_breaker()
    {
        var node = Bench.Node();
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _strange, 30);

        (await node.RoundAsync()).Gate.BreakerWord.ShouldBe("closed");
    }

    [Fact]
    public async Task Half_open_lets_exactly_one_claim_through_over_all_nodes()
    {
        var nodes = Enumerable.Range(1, 6).Select(n => Bench.Node($"node-{n}")).ToList();
        await OpenBreakerAsync(nodes[0]);
        await EndHoldsAsync();

        var rounds = await Task.WhenAll(nodes.Select(node => node.RoundAsync()));

        var probe = rounds.SelectMany(round => round.Claims).ShouldHaveSingleItem();
        probe.IsProbe.ShouldBeTrue();
        var waiting = await nodes[1].RoundAsync();
        (waiting.Claims.Count, waiting.Gate.IsHeld).ShouldBe((0, true));
    }

    [Fact]
    public async Task A_probe_that_is_answered_closes_it_and_what_failed_before_is_forgotten()
    {
        var node = Bench.Node();
        var old = await OpenBreakerAsync(node);
        await NoteAsync(node, old, _answered, 1);
        (await node.RoundAsync()).Gate.BreakerWord.ShouldBe("open", "a call from before tells nothing");
        await EndHoldsAsync();
        var probe = (await node.ClaimAsync()).ShouldHaveSingleItem();

        await NoteAsync(node, probe, _answered, 1);
        await NoteAsync(node, probe, _down, 1);

        var round = await node.RoundAsync();
        round.Gate.BreakerWord.ShouldBe("closed");
        round.Claims.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_probe_that_fails_waits_twice_as_long_for_the_next_up_to_a_bound()
    {
        var node = Bench.Node();
        await OpenBreakerAsync(node);
        var waits = new List<double>();
        for (var probe = 0; probe < 6; probe++)
        {
            await EndHoldsAsync();
            var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
            await NoteAsync(node, claim, _down, 1);
            await node.ReleaseAsync(claim, new Release(TimeSpan.Zero, "retry", "503", CostsAttempt: false));
            waits.Add(Math.Round((await node.RoundAsync()).Gate.Wait!.Value.TotalSeconds / 10) * 10);
        }

        waits.ShouldBe([60, 120, 240, 300, 300, 300]);
    }

    [Fact]
    public async Task A_probe_that_came_to_nothing_makes_room_for_the_next()
    {
        var node = Bench.Node();
        await OpenBreakerAsync(node);
        await EndHoldsAsync();
        var probe = (await node.ClaimAsync()).ShouldHaveSingleItem();
        (await node.ClaimAsync()).ShouldBeEmpty();

        await node.WriteAsync(probe, new Verdict.Skipped("missed", "too late"));

        (await node.ClaimAsync()).ShouldHaveSingleItem().IsProbe.ShouldBeTrue();
        await Bench.AgeLeasesAsync();
        (await node.ClaimAsync()).ShouldHaveSingleItem("its process died").IsProbe.ShouldBeTrue();
    }

    [Fact]
    public async Task A_refused_key_holds_everything_and_is_tried_once_a_minute()
    {
        var node = Bench.Node();
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _refusedKey, 1);

        var held = await node.RoundAsync();
        held.Claims.ShouldBeEmpty();
        held.Gate.Wait!.Value.ShouldBeInRange(TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(60));
        held.Gate.Degradations.ShouldHaveSingleItem().ShouldContain("MANA_LLM_KEY");

        await EndHoldsAsync();
        var probe = (await node.ClaimAsync()).ShouldHaveSingleItem();
        await NoteAsync(node, probe, _refusedKey, 1);
        (await node.RoundAsync()).Gate.Wait!.Value.ShouldBeGreaterThan(TimeSpan.FromSeconds(50));

        await node.ReleaseAsync(probe, new Release(TimeSpan.Zero, "authorization", "401", false));
        await EndHoldsAsync();
        probe = (await node.ClaimAsync()).ShouldHaveSingleItem();
        await NoteAsync(node, probe, _answered, 1);
        (await node.RoundAsync()).Gate.Entries.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_model_that_answers_429_is_left_alone_by_every_node_and_others_are_not()
    {
        var (node, other) = (Bench.Node(), Bench.Node("other"));
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _busy, 1);

        var held = await other.RoundAsync();
        held.Claims.ShouldBeEmpty();
        held.Gate.Wait!.Value.ShouldBeInRange(TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
        (
            await other.Ledger.ClaimAsync(1, "another/model", _ => null, CancellationToken.None)
        ).Claims.Count.ShouldBe(1);

        await EndHoldsAsync();
        var next = (await other.ClaimAsync(1)).ShouldHaveSingleItem();
        next.RateLimitedSince.ShouldNotBeNull();
        await NoteAsync(other, next, _answered, 1);
        (await other.RoundAsync()).Gate.Entries.ShouldBeEmpty("it is well again");
    }

    [Fact]
    public async Task The_longest_wait_that_was_asked_for_holds()
    {
        var node = Bench.Node();
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _busy, 1);
        await NoteAsync(node, claim, new LlmOutcome.RateLimited(TimeSpan.FromSeconds(5)), 1);

        (await node.RoundAsync()).Gate.Wait!.Value.ShouldBeGreaterThan(TimeSpan.FromMinutes(9));
    }

    [Fact]
    public async Task Runs_that_waited_too_long_for_a_model_are_claimed_while_it_is_held_to_be_told_as_failed()
    {
        var node = Bench.Node(options: new RunOptions { RateLimitMax = TimeSpan.FromHours(6) });
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _busy, 1);
        (await node.ClaimAsync()).ShouldBeEmpty();

        await Database.ExecuteAsync(
            """
            update mana_ai.llm_rate_limits set since = since - interval '7 hours';
            update mana_ai.runs set opened_at = opened_at - interval '7 hours'
             where verdict is null and lease_until is null and run_id % 2 = 0
            """
        );
        var waitedOut = await node.ClaimAsync();

        waitedOut.ShouldNotBeEmpty();
        waitedOut.ShouldAllBe(late => late.IsWaitedOut && late.RunId % 2 == 0);
        (waitedOut[0].ClaimedAt - waitedOut[0].RateLimitedSince!.Value).ShouldBeGreaterThan(
            TimeSpan.FromHours(6)
        );
    }

    private static async Task NoteAsync(BenchNode node, Claim claim, LlmOutcome outcome, int times)
    {
        for (var call = 0; call < times; call++)
        {
            await node.Gate.NoteAsync(claim, BenchNode.Model, outcome, CancellationToken.None);
        }
    }

    /// <summary>Many users with one due mission each, one of them claimed.</summary>
    private async Task<Claim> ClaimOneOfManyAsync(BenchNode node)
    {
        for (var user = 1; user <= 20; user++)
        {
            await Bench.InsertManyDueAsync($"user-{user}", 1);
        }

        await node.TickAsync();
        return (await node.ClaimAsync(1)).ShouldHaveSingleItem();
    }

    private async Task<Claim> OpenBreakerAsync(BenchNode node)
    {
        var claim = await ClaimOneOfManyAsync(node);
        await NoteAsync(node, claim, _down, 20);
        (await node.RoundAsync()).Gate.BreakerWord.ShouldBe("open");
        return claim;
    }

    private Task EndHoldsAsync() =>
        Database.ExecuteAsync(
            """
            update mana_ai.llm_breakers set open_until = clock_timestamp() where is_open;
            update mana_ai.llm_rate_limits set held_until = clock_timestamp()
            """
        );
}
