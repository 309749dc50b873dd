using System.Text;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>maxConcurrentMissions binds over all nodes, and never keeps other missions of the same user waiting.</summary>
public sealed class AgentCapTests : BenchTests
{
    private static readonly RunOptions _wide = new() { ConcurrentPerUserMax = 50 };

    [Theory]
    [InlineData("", 1)]
    [InlineData("\"maxConcurrentMissions\":3", 3)]
    [InlineData("\"maxConcurrentMissions\":0", 1)]
    public async Task So_many_run_at_once_over_all_nodes(string members, int expected)
    {
        var nodes = Enumerable.Range(1, 3).Select(n => Bench.Node($"node-{n}", _wide)).ToList();
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1", members));
        await InsertMissionsAsync(8, "agent-1");
        await nodes[0].TickAsync();

        var claims = await ClaimAllAsync(nodes);

        claims.Count.ShouldBe(expected);
        claims.ShouldAllBe(claim => claim.AgentId == "agent-1");
    }

    [Fact]
    public async Task A_place_is_free_again_when_a_run_is_closed()
    {
        var node = Bench.Node(options: _wide);
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1"));
        await InsertMissionsAsync(3, "agent-1");
        await node.TickAsync();
        for (var mission = 0; mission < 3; mission++)
        {
            var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
            (await node.ClaimAsync()).ShouldBeEmpty();
            await node.WriteAsync(claim);
        }

        (await node.ClaimAsync()).ShouldBeEmpty();
        (await Database.RunsAsync()).ShouldAllBe(run => run.Verdict == "planned");
    }

    [Fact]
    public async Task What_an_agent_holds_back_does_not_stand_in_the_way_of_other_missions()
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = 2 });
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1"));
        await InsertMissionsAsync(5, "agent-1");
        await InsertMissionsAsync(1, agentId: null, from: 6);
        await node.TickAsync();

        var claims = await ClaimAllAsync([node]);

        claims.Select(claim => claim.AgentId ?? "none").Order().ShouldBe(["agent-1", "none"]);
    }

    [Fact]
    public async Task While_an_agent_is_at_its_cap_its_user_is_not_looked_at_again_and_again()
    {
        var node = Bench.Node(options: _wide);
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1"));
        await InsertMissionsAsync(2, "agent-1");
        await node.TickAsync();
        await node.ClaimAsync();
        await node.ClaimAsync();

        var wait = (await node.Ledger.UntilReadyAsync(CancellationToken.None)).ShouldNotBeNull();

        wait.ShouldBeGreaterThan(TimeSpan.FromSeconds(10), "nothing changes before the lease ends");
    }

    [Fact]
    public async Task A_mission_with_an_agent_that_is_not_known_runs_as_if_it_had_none()
    {
        var node = Bench.Node(options: _wide);
        await InsertMissionsAsync(3, "nobody");
        await node.TickAsync();

        var claims = await node.ClaimAsync();

        claims.Count.ShouldBe(3);
        claims.ShouldAllBe(claim => claim.AgentId == null && claim.AgentRecord == null);
    }

    [Fact]
    public async Task What_was_understood_of_an_agent_holds_on_when_a_row_of_a_newer_schema_names_it()
    {
        var node = Bench.Node(options: _wide);
        await Database.InsertChangeAsync(DeviceChange.OfAgent("agent-1", "\"maxTokensPerDay\":7"));
        await Database.InsertChangeAsync(
            new DeviceChange("agent-1", """{"maxTokensPerDay":null,"state":"archived"}""")
            {
                TableName = "agents",
                Op = "update",
                SchemaVersion = 2,
            }
        );
        await InsertMissionsAsync(2, "agent-1");
        await node.TickAsync();

        var claim = (await node.ClaimAsync()).ShouldHaveSingleItem("its cap is one");

        (claim.AgentId, claim.AgentTokensPerDay).ShouldBe(("agent-1", 7));
        Encoding.UTF8.GetString(claim.AgentRecord!.Value.Span).ShouldContain("\"Ada\"");
    }

    private async Task InsertMissionsAsync(int count, string? agentId, int from = 1)
    {
        for (var mission = from; mission < from + count; mission++)
        {
            await Bench.InsertDueAsync($"mission-{mission}", one => one with { AgentId = agentId });
        }
    }

    /// <summary>Round after round, until none of the nodes finds anything.</summary>
    private static async Task<List<Claim>> ClaimAllAsync(IReadOnlyList<BenchNode> nodes)
    {
        var claims = new List<Claim>();
        while (true)
        {
            var rounds = await Task.WhenAll(nodes.Select(node => node.ClaimAsync()));
            claims.AddRange(rounds.SelectMany(round => round));
            if (rounds.All(round => round.Count == 0))
            {
                return claims;
            }
        }
    }
}
