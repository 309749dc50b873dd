using ManaAi.Tests.Internal;
using ManaAi.Tests.Support;
using ManaAi.Tests.Whole;

namespace ManaAi.Tests.Docker;

/// <summary>The real Prometheus, and its own tool, read what a node says.</summary>
public sealed class PrometheusTests : WholeTests
{
    [Fact]
    public async Task Prometheus_takes_the_page_and_its_tool_finds_no_fault_in_it()
    {
        var node = await StartAsync();
        await InsertDueAsync(agentId: "agent-1");
        await node.TickAsync();
        using var answer = await node.GetAsync("metrics");
        var page = await answer.Content.ReadAsStringAsync();

        var (exitCode, output) = await InstalledProgram.RunAsync(
            Prometheus.ToolPath,
            ["check", "metrics"],
            page
        );

        exitCode.ShouldBe(0, output);
        output.ShouldBeEmpty();
        await using var prometheus = await Prometheus.StartAsync(node.Address);
        var planned = await Eventually.SeesAsync(
            () => prometheus.QueryAsync("""mana_ai_verdicts_total{service="mana-ai",verdict="planned"}"""),
            value => value is not null
        );
        planned.ShouldBe(1);
        (await prometheus.QueryAsync("mana_ai_ready")).ShouldBe(1);
        // Everything that has a series: what is on the page by name came over by name.
        var names = PrometheusPage.Parse(page).Samples.Select(sample => sample.Name).Distinct().Count();
        (await prometheus.QueryAsync("""count(count by (__name__) ({__name__=~"mana_ai_.*"}))"""))
            .ShouldNotBeNull()
            .ShouldBeGreaterThanOrEqualTo(names);
    }
}
