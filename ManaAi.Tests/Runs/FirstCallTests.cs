using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Planning;
using ManaAi.Tests.Support;
using Generation = ManaAi.Actors.ChangeLog.LogGeneration;

namespace ManaAi.Tests.Runs;

/// <summary>The first call of a run, which is counted in the transaction that claims it.</summary>
public sealed class FirstCallTests : BenchTests
{
    private static readonly CallPlan _call = new(
        "a/model",
        "prompt-1",
        "tools-1",
        CallsMax: 2,
        Estimate: 700
    );

    [Fact]
    public async Task It_is_counted_and_reserved_with_the_claim()
    {
        var node = await StartAsync(missions: 2);

        var claims = (await node.RoundAsync(firstCall: claim => IsOdd(claim) ? _call : null)).Claims;

        claims.Count.ShouldBe(2);
        foreach (var claim in claims)
        {
            (claim.IsCallCounted, claim.Calls).ShouldBe((IsOdd(claim), 0));
            (await NotedAsync(claim)).ShouldBe(IsOdd(claim) ? "1 a/model prompt-1 tools-1 700" : "0 0");
            (await ToldAsync(claim)).ShouldBe(IsOdd(claim) ? "due claimed asked" : "due claimed");
        }
    }

    [Fact]
    public async Task What_a_claim_finds_to_have_had_all_its_calls_is_claimed_and_not_counted()
    {
        var node = await StartAsync();
        await Database.ExecuteAsync("update mana_ai.runs set calls = 2");

        var claim = (await node.RoundAsync(firstCall: _ => _call)).Claims.ShouldHaveSingleItem();

        (claim.IsCallCounted, claim.Calls).ShouldBe((false, 2));
        (await Database.RunAsync(claim.RunId)).Calls.ShouldBe(2);
    }

    [Fact]
    public async Task A_claim_that_is_not_committed_has_counted_nothing()
    {
        var node = await StartAsync();

        await Should.ThrowAsync<InvalidOperationException>(
            node.RoundAsync(firstCall: _ => throw new InvalidOperationException())
        );

        var run = (await Database.RunsAsync()).ShouldHaveSingleItem();
        (run.Calls, run.Attempts, run.Owner).ShouldBe((0, 0, null));
    }

    [Fact]
    public async Task What_was_reserved_for_it_counts_as_spent_where_its_process_died()
    {
        var (dying, next) = (await StartAsync(), Bench.Node("next"));
        await dying.RoundAsync(firstCall: _ => _call);
        await Bench.AgeLeasesAsync();

        var claim = (await next.RoundAsync(firstCall: _ => _call)).Claims.ShouldHaveSingleItem();

        (claim.IsTakeover, claim.Calls, claim.IsCallCounted).ShouldBe((true, 1, true));
        (await NotedAsync(claim)).ShouldBe("2 a/model prompt-1 tools-1 700");
        (
            await Database.ReadAsync<string>(
                "select string_agg(format('%s %s %s', model, prompt_tokens, is_estimate), ', ') from mana_ai.token_usage"
            )
        ).ShouldBe("a/model 700 t");
    }

    [Fact]
    public async Task A_planner_makes_it_without_counting_it_again()
    {
        var node = await StartAsync();
        await using var llm = await LlmStubServer.StartAsync();
        using var client = LlmBench.Client(llm.Address);
        var planner = Planner(client, node, PlanMode.Json);
        // The first answer is no plan, so there is a second call; that one it counts by itself.
        llm.Behave(new StubBehaviour { Babble = Babble.Prose, Times = 1 });

        var claim = (
            await node.RoundAsync(firstCall: claim =>
                planner.Preparer.Prepare(claim, Generation.Two).FirstCall
            )
        ).Claims.ShouldHaveSingleItem();
        var end = await planner.PlanAsync(claim, Generation.Two);

        end.ShouldBeOfType<AttemptEnd.Decided>().Verdict.ShouldBeOfType<Verdict.Planned>();
        llm.Calls.Recent.Count.ShouldBe(2);
        (await Database.RunAsync(claim.RunId)).Calls.ShouldBe(2);
    }

    [Theory]
    [InlineData("nothing", true)]
    [InlineData("a refused answer", true)]
    [InlineData("a plan", false)]
    [InlineData("all attempts", false)]
    [InlineData("all calls", false)]
    [InlineData("a budget", false)]
    public async Task It_is_certain_only_where_nothing_can_come_between(string had, bool isCertain)
    {
        var budgets = new BudgetOptions { PerUser = had == "a budget" ? 1_000_000 : null };
        var node = await StartAsync(budgets: budgets);
        var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
        claim = had switch
        {
            "a refused answer" => claim with { Answers = Kept("no plan") },
            "a plan" => claim with { Answers = Kept("""{"summary": "Nothing to do.", "steps": []}""") },
            "all attempts" => claim with { Attempt = node.Options.AttemptsMax + 1 },
            "all calls" => claim with { Calls = node.Options.CallsMaxOf(PlanMode.Json) },
            _ => claim,
        };
        using var client = LlmBench.Client(new Uri("http://127.0.0.1:1"));

        var preparation = Planner(client, node, PlanMode.Json).Preparer.Prepare(claim, Generation.Two);

        preparation.ShouldBeOfType<Preparation.Ready>();
        (preparation.FirstCall is not null).ShouldBe(isCertain);
    }

    [Fact]
    public async Task A_record_that_takes_long_to_read_or_throws_is_left_to_its_planner()
    {
        var node = await StartAsync();
        var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
        using var client = LlmBench.Client(new Uri("http://127.0.0.1:1"));
        var preparations = new Preparations(Planner(client, node, PlanMode.Json).Preparer, Generation.Two);

        preparations.FirstCallOf(claim).ShouldNotBeNull();
        preparations.FirstCallOf(Of(2, Padded(claim, 65 * 1024))).ShouldBeNull();
        preparations.FirstCallOf(Of(3, "{"u8.ToArray())).ShouldBeNull();
        for (var run = 4; run <= 20; run++)
        {
            preparations.FirstCallOf(Of(run, Padded(claim, 60 * 1024))).ShouldNotBeNull();
        }

        preparations
            .FirstCallOf(Of(21, Padded(claim, 60 * 1024)))
            .ShouldBeNull("together they take long too");
        preparations.FirstCallOf(Of(22, claim.MissionRecord)).ShouldNotBeNull();
        preparations.Of(claim).ShouldNotBeNull().FirstCall.ShouldNotBeNull();
        preparations.Of(Of(2, default)).ShouldBeNull();
        preparations.Of(Of(3, default)).ShouldBeNull();

        Claim Of(long run, ReadOnlyMemory<byte> record) =>
            claim with
            {
                RunId = -run,
                MissionRecord = record,
            };
    }

    /// <summary>The same record, with blanks behind it.</summary>
    private static byte[] Padded(Claim claim, int length)
    {
        var padded = new byte[length];
        claim.MissionRecord.CopyTo(padded);
        padded.AsSpan(claim.MissionRecord.Length).Fill((byte)' ');
        return padded;
    }

    private async Task<BenchNode> StartAsync(int missions = 1, BudgetOptions? budgets = null)
    {
        var node = Bench.Node(budgets: budgets);
        for (var mission = 1; mission <= missions; mission++)
        {
            await Bench.InsertDueAsync($"mission-{mission}");
        }

        await node.TickAsync();
        return node;
    }

    private TestPlanner Planner(LlmClient client, BenchNode node, PlanMode mode) =>
        new(
            client,
            node.Calls,
            node.Gate,
            new PlannerOptions { Mode = mode, Model = BenchNode.Model },
            node.Options,
            new Random(1),
            TimeProvider.System,
            Bench.Metrics,
            new KeptLog<Planner>()
        );

    private static bool IsOdd(Claim claim) => claim.Mission.MissionId.Value == "mission-1";

    private static ReadOnlyMemory<byte> Kept(string content) =>
        System.Text.Encoding.UTF8.GetBytes($"[{new KeptAnswer(content, "stop", null).ToJson()}]");

    private Task<string?> NotedAsync(Claim claim) =>
        Database.ReadAsync<string>(
            $"""
            select concat_ws(' ', calls, model, prompt_version, tools_hash, reserved_tokens) from mana_ai.runs
             where run_id = {claim.RunId}
            """
        );

    private Task<string?> ToldAsync(Claim claim) =>
        Database.ReadAsync<string>(
            $"select string_agg(kind, ' ' order by event_id) from mana_ai.events where run_id = {claim.RunId}"
        );
}
