using System.Net.Http.Json;
using System.Text.Json;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>Several nodes over one database, as an operator sees them.</summary>
public sealed class ManyNodesTests : WholeTests
{
    [Fact]
    public async Task Every_node_shows_all_of_them_and_one_that_stopped_as_gone()
    {
        var first = await StartAsync();
        var second = await StartAsync(("DRY_RUN", "true"));

        await Eventually.SeesAsync(() => NodesAsync(first), nodes => nodes.Count == 2);
        await second.StopAsync();

        var nodes = await NodesAsync(first);
        nodes
            .Select(node => (Text(node, "id"), Text(node, "state")))
            .ShouldBe([(first.NodeId, "alive"), (second.NodeId, "gone")]);
        Text(nodes[0], "address").ShouldBe($"{Environment.MachineName}:0");
        Text(nodes[0], "version").ShouldNotBeEmpty();
        (await first.MetricAsync("mana_ai_nodes")).ShouldBeInRange(1, 2);
    }

    [Fact]
    public async Task A_node_shows_how_many_plans_it_has_under_way()
    {
        var node = await StartAsync();
        Llm.Behave(new StubBehaviour { Hang = Hang.BeforeHeaders });
        await InsertDueAsync();
        var tick = node.SendTickAsync();
        await Llm.Calls.WhenAsync(1, CancellationToken.None);

        var nodes = await Eventually.SeesAsync(() => NodesAsync(node), nodes => nodes.Count == 1);

        nodes[0].GetProperty("plans").GetInt32().ShouldBe(1);
        await node.StopAsync();
        (await tick).Dispose();
        (
            await Database.ReadAsync<bool>("select gone_at is not null and plans = 0 from mana_ai.nodes")
        ).ShouldBeTrue();
    }

    private static async Task<IReadOnlyList<JsonElement>> NodesAsync(WholeNode node)
    {
        using var response = await node.GetAsync("internal/status");
        var status = await response.Content.ReadFromJsonAsync<JsonElement>();
        return status.GetProperty("nodes") is { ValueKind: JsonValueKind.Array } nodes
            ? [.. nodes.EnumerateArray()]
            : [];
    }

    private static string Text(JsonElement node, string name) => node.GetProperty(name).GetString()!;
}
