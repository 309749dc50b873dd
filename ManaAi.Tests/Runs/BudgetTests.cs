using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>Calls under a budget: admitted while settled and reserved tokens are below it, settled with what they cost.</summary>
public sealed class BudgetTests : BenchTests
{
    [Fact]
    public async Task A_call_is_admitted_below_the_limit_reserved_and_settled_with_what_it_cost()
    {
        var node = await StartAsync(new BudgetOptions { PerUser = 1000 }, missions: 3);
        var claims = await node.ClaimAsync();
        (await node.AdmitAsync(claims[0], 900)).ShouldBeOfType<Admission.Admitted>();
        (await node.AdmitAsync(claims[1], 900)).ShouldBeOfType<Admission.Admitted>("900 are below 1000");

        var waits = (await node.AdmitAsync(claims[2], 1)).ShouldBeOfType<Admission.Reserved>();
        (waits.Spending.Kind, waits.Spending.Settled, waits.Spending.Reserved).ShouldBe(("user", 0, 1800));

        await node.KeepAsync(claims[0], "{}", tokens: 40);
        (await node.AdmitAsync(claims[2], 50)).ShouldBeOfType<Admission.Admitted>("40 + 900 are below 1000");
        await node.KeepAsync(claims[1], "{}", tokens: 960);
        await node.KeepAsync(claims[2], "{}", tokens: 30);

        var spent = (await node.AdmitAsync(claims[0], 1)).ShouldBeOfType<Admission.Spent>();
        (spent.Spending.Settled, spent.Spending.Reserved, spent.Spending.Limit).ShouldBe((1030, 0, 1000));
    }

    [Theory]
    [InlineData("service")]
    [InlineData("user")]
    [InlineData("mission")]
    public async Task Each_budget_counts_its_own_share(string kind)
    {
        var budgets = kind switch
        {
            "service" => new BudgetOptions { Total = 100 },
            "user" => new BudgetOptions { PerUser = 100 },
            _ => new BudgetOptions { PerMission = 100 },
        };
        var node = await StartAsync(budgets, missions: 2);
        await Bench.InsertManyDueAsync("user-2", 1);
        await node.TickAsync();
        var claims = await node.ClaimAsync();
        var (first, sameUser) = (
            claims.First(claim => claim.Mission.UserId.Value == "user-1"),
            claims.Last(claim => claim.Mission.UserId.Value == "user-1")
        );
        var otherUser = claims.Single(claim => claim.Mission.UserId.Value == "user-2");
        await node.AdmitAsync(first);
        await node.KeepAsync(first, "{}", tokens: 100);

        (await node.AdmitAsync(first)).ShouldBeOfType<Admission.Spent>().Spending.Kind.ShouldBe(kind);
        (await node.AdmitAsync(sameUser) is Admission.Admitted).ShouldBe(kind == "mission");
        (await node.AdmitAsync(otherUser) is Admission.Admitted).ShouldBe(kind != "service");
    }

    [Fact]
    public async Task Zero_never_runs()
    {
        var node = await StartAsync(new BudgetOptions { PerMission = 0 }, missions: 1);
        (await node.AdmitAsync((await node.ClaimAsync())[0])).ShouldBeOfType<Admission.Spent>();
    }

    [Fact]
    public async Task What_was_used_more_than_a_day_ago_does_not_count()
    {
        var node = await StartAsync(new BudgetOptions { PerUser = 100 }, missions: 1);
        var claim = (await node.ClaimAsync())[0];
        await node.AdmitAsync(claim);
        await node.KeepAsync(claim, "{}", tokens: 100);
        await Database.ExecuteAsync("update mana_ai.token_usage set used_at = used_at - interval '25 hours'");

        (await node.AdmitAsync(claim)).ShouldBeOfType<Admission.Admitted>();
    }

    [Fact]
    public async Task An_agents_budget_stands_in_its_record_and_is_another_agents_not()
    {
        var node = Bench.Node();
        await Database.InsertChangeAsync(
            DeviceChange.OfAgent("thrifty", """ "maxTokensPerDay":100,"maxConcurrentMissions":9 """)
        );
        await Database.InsertChangeAsync(DeviceChange.OfAgent("rich", """ "maxConcurrentMissions":9 """));
        await Bench.InsertDueAsync("first", mission => mission with { AgentId = "thrifty" });
        await Bench.InsertDueAsync("second", mission => mission with { AgentId = "rich" });
        await node.TickAsync();
        var claims = (await node.ClaimAsync()).ToDictionary(claim => claim.Mission.MissionId.Value);
        await node.AdmitAsync(claims["first"]);
        await node.KeepAsync(claims["first"], "{}", tokens: 80);
        (await node.AdmitAsync(claims["first"]))
            .ShouldBeOfType<Admission.Admitted>()
            .AgentShare.ShouldBe(0.8);
        await node.KeepAsync(claims["first"], "{}", tokens: 30, place: 1);

        (await node.AdmitAsync(claims["first"]))
            .ShouldBeOfType<Admission.Spent>()
            .Spending.Kind.ShouldBe("agent");
        (await node.AdmitAsync(claims["second"]))
            .ShouldBeOfType<Admission.Admitted>()
            .AgentShare.ShouldBeNull();
    }

    [Fact]
    public async Task What_a_dead_claim_had_reserved_is_spent_as_nobody_knows_what_became_of_its_call()
    {
        var (dying, next) = (Bench.Node("dying"), Bench.Node("next"));
        await Bench.InsertDueAsync();
        var claim = await dying.TickAndClaimAsync();
        await dying.AdmitAsync(claim, 70);
        await Bench.AgeLeasesAsync();

        (await next.ClaimAsync()).ShouldHaveSingleItem();

        (await UsedAsync()).ShouldBe((70, true));
        (await dying.KeepAsync(claim, "{}", tokens: 50)).ShouldBeFalse();
        (await UsedAsync()).ShouldBe((70, true));
    }

    [Fact]
    public async Task What_a_stopping_node_had_reserved_is_spent_too()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        await node.AdmitAsync(await node.TickAndClaimAsync(), 70);

        await node.Ledger.HandBackAsync(CancellationToken.None);

        (await UsedAsync()).ShouldBe((70, true));
    }

    [Fact]
    public async Task A_call_that_failed_leaves_no_reservation()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await node.AdmitAsync(claim, 70);

        await node.ReleaseAsync(claim, new Release(TimeSpan.Zero, "retry", "503", CostsAttempt: true));

        (await Database.ReadAsync<long>("select sum(reserved_tokens)::bigint from mana_ai.runs")).ShouldBe(0);
        (await UsedAsync()).ShouldBe((0, false));
    }

    [Fact]
    public async Task An_answer_without_a_count_costs_what_was_estimated()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await node.AdmitAsync(claim, 70);

        await node.KeepAsync(claim, "{}", tokens: 0);

        (await UsedAsync()).ShouldBe((100, true));
    }

    [Fact]
    public async Task Who_waits_for_a_reservation_is_woken_when_it_is_settled()
    {
        var node = await StartAsync(new BudgetOptions { PerUser = 100 }, missions: 2);
        var claims = await node.ClaimAsync();
        await node.AdmitAsync(claims[0], 100);
        (await node.AdmitAsync(claims[1])).ShouldBeOfType<Admission.Reserved>();
        await node.ReleaseAsync(claims[1], new Release(TimeSpan.FromHours(1), "budget", "reserved", false));

        await node.KeepAsync(claims[0], "{}", tokens: 10);

        (await node.ClaimAsync()).ShouldHaveSingleItem().RunId.ShouldBe(claims[1].RunId);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Fifty_missions_of_one_agent_on_three_nodes_overshoot_by_one_call_at_most_whoever_dies(
        int seed
    )
    {
        const int limit = 3000;
        const int costMax = 300;
        var random = new Random(seed);
        await Database.InsertChangeAsync(
            DeviceChange.OfAgent("agent-1", $"\"maxTokensPerDay\":{limit},\"maxConcurrentMissions\":12")
        );
        for (var mission = 1; mission <= 50; mission++)
        {
            await Bench.InsertDueAsync($"mission-{mission}", one => one with { AgentId = "agent-1" });
        }

        // Every call that was admitted is paid for, also where the node died before it could say so.
        var (paid, isOver, round) = (0, false, 0);
        while (!isOver)
        {
            // Nodes that died come back as others.
            round++;
            var nodes = Enumerable
                .Range(1, 3)
                .Select(n =>
                    Bench.Node(
                        $"node-{round}-{n}",
                        new RunOptions { ConcurrentPerUserMax = 12, AttemptsMax = 20 }
                    )
                )
                .ToList();
            await nodes[0].TickAsync();
            var claims = await Task.WhenAll(nodes.Select(node => node.ClaimAsync(6)));
            var asked = await Task.WhenAll(
                nodes
                    .Zip(claims)
                    .SelectMany(of => of.Second.Select(claim => (Node: of.First, Claim: claim)))
                    .Select(async one =>
                        (one.Node, one.Claim, Answer: await one.Node.AdmitAsync(one.Claim, costMax))
                    )
            );
            var admitted = asked.Where(one => one.Answer is Admission.Admitted).ToList();
            foreach (var one in admitted)
            {
                var cost = random.Next(50, costMax + 1);
                paid += cost;
                if (random.Next(3) > 0)
                {
                    await one.Node.KeepAsync(one.Claim, "{}", cost);
                    await one.Node.WriteAsync(one.Claim);
                }
            }

            isOver = asked.Any(one => one.Answer is Admission.Spent);
            await Bench.AgeLeasesAsync();
        }

        (await UsedAsync()).Tokens.ShouldBeInRange(limit, limit + costMax - 1);
        paid.ShouldBeLessThan(limit + costMax);
    }

    private async Task<BenchNode> StartAsync(BudgetOptions budgets, int missions)
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = 10 }, budgets: budgets);
        await Bench.InsertManyDueAsync("user-1", missions);
        await node.TickAsync();
        return node;
    }

    private async Task<(long Tokens, bool IsEstimate)> UsedAsync() =>
        (
            await Database.ReadAsync<long>(
                "select coalesce(sum(prompt_tokens + completion_tokens), 0)::bigint from mana_ai.token_usage"
            ),
            await Database.ReadAsync<bool>(
                "select coalesce(bool_or(is_estimate), false) from mana_ai.token_usage"
            )
        );
}
