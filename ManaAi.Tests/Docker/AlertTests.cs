using System.Text.Json;
using System.Text.RegularExpressions;
using ManaAi.Actors;
using ManaAi.Host.Internal;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Docker;

/// <summary>The alerts and the dashboard, against their own tests, the metrics that there are, and the runbook.</summary>
public sealed class AlertTests : IDisposable
{
    private const string Dashboard = "docker/grafana/dashboards/mana-ai.json";
    private const string Alerts = "docker/prometheus/alerts.yml";

    private readonly Metrics _metrics = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mana-alerts-");

    public void Dispose()
    {
        _metrics.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("check", "config", "prometheus.yml")]
    [InlineData("test", "rules", "alerts.test.yml")]
    public async Task Prometheus_own_tool_finds_no_fault_in(string verb, string what, string file)
    {
        var path = Path.Combine(Sources.Root, "docker", "prometheus", file);

        var (exitCode, output) = await InstalledProgram.RunAsync(Prometheus.ToolPath, [verb, what, path]);

        exitCode.ShouldBe(0, output);
    }

    [Fact]
    public void Every_alert_is_tested_and_has_a_chapter_in_the_runbook()
    {
        var alerts = Sources.Read(Alerts);
        var names = Regex
            .Matches(alerts, @"- alert: (?<name>\w+)")
            .Select(match => match.Groups["name"].Value);
        var tests = Sources.Read("docker/prometheus/alerts.test.yml");
        var runbook = Sources.Read("docs/operations.md");

        foreach (var name in names)
        {
            var anchor = name.ToLowerInvariant();
            alerts.ShouldContain($"runbook: docs/operations.md#{anchor}\n");
            runbook.ShouldContain($"### {name}\n");
            tests.ShouldContain($"alertname: {name}\n");
            tests.ShouldContain($"runbook: docs/operations.md#{anchor}\n");
        }
    }

    [Fact]
    public void What_is_asked_for_is_there_and_what_moves_is_on_the_dashboard()
    {
        using var collector = new MetricsCollector(_metrics);
        var there = collector.Read().Select(family => family.Name).ToHashSet();
        var reserved = _metrics.Reserved.Select(instrument => instrument.Name);

        NamesIn(Sources.Read(Alerts)).Except(there).ShouldBeEmpty();
        NamesIn(Sources.Read(Dashboard)).ShouldBe(there.Except(reserved), ignoreOrder: true);
    }

    [Fact]
    public async Task Every_query_of_the_dashboard_is_one()
    {
        var queries = QueriesIn(JsonDocument.Parse(Sources.Read(Dashboard)).RootElement).ToArray();
        var rules =
            from query in queries.Index()
            let expression = query.Item.Replace("$__rate_interval", "5m", StringComparison.Ordinal)
            select $"      - record: query_{query.Index}\n        expr: {JsonSerializer.Serialize(expression)}\n";
        var path = Path.Combine(_folder.FullName, "dashboard.yml");
        await File.WriteAllTextAsync(path, $"groups:\n  - name: all\n    rules:\n{string.Concat(rules)}");

        var (exitCode, output) = await InstalledProgram.RunAsync(
            Prometheus.ToolPath,
            ["check", "rules", path]
        );

        queries.Length.ShouldBeGreaterThan(40);
        exitCode.ShouldBe(0, output);
    }

    private static IEnumerable<string> NamesIn(string text) =>
        Regex
            .Matches(text, @"\bmana_ai_[a-z_]+")
            .Select(match => Regex.Replace(match.Value, "_bucket$", ""))
            .Distinct();

    private static IEnumerable<string> QueriesIn(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Array => element.EnumerateArray().SelectMany(QueriesIn),
            JsonValueKind.Object => element
                .EnumerateObject()
                .SelectMany(member =>
                    member.NameEquals("expr") ? [member.Value.GetString()!] : QueriesIn(member.Value)
                ),
            _ => [],
        };
}
