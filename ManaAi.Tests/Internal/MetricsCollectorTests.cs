using ManaAi.Actors;
using ManaAi.Host.Internal;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Internal;

public sealed class MetricsCollectorTests : IDisposable
{
    private const string StartTime = "mana_ai_start_time_seconds";

    /// <summary>The names that dashboards know, with what stands beside them.</summary>
    private static readonly (string Name, string Type, string Labels)[] Promised =
    [
        ("mana_ai_http_requests_total", "counter", "method,path,status"),
        ("mana_ai_http_request_duration_seconds", "histogram", "method,path,status"),
        ("mana_ai_ticks_total", "counter", ""),
        ("mana_ai_tick_duration_seconds", "histogram", ""),
        ("mana_ai_plans_produced_total", "counter", ""),
        ("mana_ai_plans_written_back_total", "counter", ""),
        ("mana_ai_parse_failures_total", "counter", ""),
        ("mana_ai_mission_errors_total", "counter", ""),
        ("mana_ai_planner_request_duration_seconds", "histogram", ""),
        ("mana_ai_planner_rounds", "histogram", ""),
        ("mana_ai_tool_calls_total", "counter", "tool,policy,outcome"),
        ("mana_ai_provider_errors_total", "counter", "provider,kind"),
        ("mana_ai_tokens_used_total", "counter", "agent_id"),
        ("mana_ai_agent_decisions_total", "counter", "decision"),
        ("mana_ai_late_rows_total", "counter", ""),
        ("mana_ai_snapshots_new_total", "counter", ""),
        ("mana_ai_snapshots_updated_total", "counter", ""),
        ("mana_ai_snapshot_rows_applied_total", "counter", ""),
        ("mana_ai_refolds_total", "counter", ""),
        ("mana_ai_undecodable_rows_total", "counter", ""),
        ("mana_ai_newer_schema_rows_total", "counter", ""),
        ("mana_ai_open_occurrences", "gauge", ""),
        ("mana_ai_verdicts_total", "counter", "verdict,reason"),
        ("mana_ai_stale_writes_refused_total", "counter", ""),
        ("mana_ai_lease_takeovers_total", "counter", ""),
        ("mana_ai_schedule_lag_seconds", "histogram", ""),
        ("mana_ai_due_to_written_seconds", "histogram", ""),
        ("mana_ai_breaker_transitions_total", "counter", "cause,to"),
        ("mana_ai_rows_pruned_total", "counter", "table"),
        ("mana_ai_bad_keys_total", "counter", "answer"),
        ("mana_ai_breaker_state", "gauge", ""),
        ("mana_ai_tokens_reserved", "gauge", ""),
        ("mana_ai_ciphertext_missions", "gauge", ""),
        ("mana_ai_nodes", "gauge", ""),
        ("mana_ai_ready", "gauge", ""),
        (StartTime, "gauge", ""),
        ("mana_ai_cursor_lag_seconds", "gauge", ""),
        ("mana_ai_longest_wait_seconds", "gauge", ""),
        ("mana_ai_mailbox_depth", "gauge", "actor"),
        ("mana_ai_planners", "gauge", ""),
        ("mana_ai_planners_busy", "gauge", ""),
        ("mana_ai_database_connections", "gauge", "state"),
        ("mana_ai_database_connections_max", "gauge", ""),
        ("mana_ai_reminders_emitted_total", "counter", "producer,severity"),
        ("mana_ai_compactions_triggered_total", "counter", ""),
        ("mana_ai_compacted_turns", "histogram", ""),
        ("mana_ai_decrypts_total", "counter", "table"),
        ("mana_ai_grant_scope_violations_total", "counter", "table"),
        ("mana_ai_grant_skips_total", "counter", "reason"),
        ("mana_ai_research_jobs_submitted_total", "counter", "provider"),
        ("mana_ai_research_jobs_completed_total", "counter", "provider"),
        ("mana_ai_research_jobs_failed_total", "counter", "provider"),
        ("mana_ai_research_jobs_pending_skips_total", "counter", ""),
    ];

    private readonly ManualTime _time = new();
    private readonly Metrics _metrics;
    private readonly MetricsCollector _collector;

    public MetricsCollectorTests()
    {
        _metrics = new Metrics(_time);
        _collector = new MetricsCollector(_metrics);
    }

    public void Dispose()
    {
        _collector.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public void Every_promised_name_is_there_with_its_type_and_labels()
    {
        _collector
            .Read()
            .Select(family =>
                (family.Name, family.Kind.ToString().ToLowerInvariant(), string.Join(',', family.Labels))
            )
            .ShouldBe(Promised, ignoreOrder: true);
        Page().Types.Count.ShouldBe(Promised.Length);
    }

    [Fact]
    public void What_has_no_labels_stands_at_zero_from_the_start()
    {
        var page = Page();

        var counted = Promised.Where(metric => metric is { Labels: "", Name: not StartTime });
        foreach (var (name, type, _) in counted)
        {
            page.Value(type is "histogram" ? $"{name}_count" : name).ShouldBe(0, name);
        }

        page.Samples.Select(sample => sample.Label("service")).Distinct().ShouldBe(["mana-ai"]);
    }

    [Fact]
    public void What_has_labels_stands_at_zero_where_its_values_are_known_and_else_not_at_all()
    {
        string[] known =
        [
            "mana_ai_agent_decisions_total",
            "mana_ai_verdicts_total",
            "mana_ai_breaker_transitions_total",
            "mana_ai_bad_keys_total",
        ];

        var page = Page();

        page.Value("mana_ai_verdicts_total", ("verdict", "failed"), ("reason", "llm-unavailable"))
            .ShouldBe(0);
        page.Value("mana_ai_verdicts_total", ("verdict", "planned"), ("reason", "")).ShouldBe(0);
        page.Value("mana_ai_agent_decisions_total", ("decision", "skipped-concurrency")).ShouldBe(0);
        var labelled = page.Samples.Where(sample =>
            Promised.Single(metric => metric.Name == sample.Family).Labels is not ""
        );
        labelled.Select(sample => sample.Family).Distinct().ShouldBe(known, ignoreOrder: true);
        labelled.ShouldAllBe(sample => sample.Value == 0);
    }

    [Fact]
    public void The_documentation_has_a_row_for_every_name_and_none_for_others()
    {
        var told =
            from line in Sources.Read("docs/metrics.md").Split('\n')
            where line.StartsWith("| `mana_ai_", StringComparison.Ordinal)
            let cells = line.Split('|', StringSplitOptions.TrimEntries)
            from name in cells[1].Split(", ")
            select (name.Trim('`'), cells[2], cells[3].Replace(", ", ",", StringComparison.Ordinal));

        told.ShouldBe(Promised, ignoreOrder: true);
    }

    [Fact]
    public void The_cursor_falls_behind_while_nobody_says_where_it_is()
    {
        Page().Value("mana_ai_cursor_lag_seconds").ShouldBe(0);

        _time.Advance(TimeSpan.FromSeconds(5));
        Page().Value("mana_ai_cursor_lag_seconds").ShouldBe(5);

        _metrics.Probes.CursorSeen(TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(60));
        Page().Value("mana_ai_cursor_lag_seconds").ShouldBe(62);
    }

    [Fact]
    public void When_a_node_started_does_not_move()
    {
        var startedAt = _time.GetUtcNow().ToUnixTimeSeconds();

        _time.Advance(TimeSpan.FromMinutes(5));

        Page().Value(StartTime).ShouldBe(startedAt);
    }

    [Fact]
    public void Mailboxes_and_connections_are_looked_at_when_the_page_is_read()
    {
        var depth = 3;
        _metrics.Probes.WatchMailbox("pool", () => depth);
        _metrics.Probes.WatchConnections(() => new ConnectionCounts(Used: depth, Idle: 1, Max: 100));
        depth = 4;

        var page = Page();
        page.Value("mana_ai_mailbox_depth", ("actor", "pool")).ShouldBe(4);
        page.Value("mana_ai_database_connections", ("state", "used")).ShouldBe(4);
        page.Value("mana_ai_database_connections", ("state", "idle")).ShouldBe(1);
        page.Value("mana_ai_database_connections_max").ShouldBe(100);
    }

    [Theory]
    [InlineData("6f9619ff-8b86-d011-b42d-00cf4fc964ff", true)]
    [InlineData("agent:1_a.b", true)]
    [InlineData("", false)]
    [InlineData("my private diary", false)]
    [InlineData("ütopia", false)]
    [InlineData("a-very-long-id-a-very-long-id-a-very-long-id-a-very-long-id-12345", false)]
    public void An_agent_is_a_label_only_where_it_looks_like_an_id(string agent, bool isShown)
    {
        _metrics.CountTokens(agent, 7);

        Page().Value("mana_ai_tokens_used_total", ("agent_id", isShown ? agent : "other")).ShouldBe(7);
    }

    [Theory]
    [InlineData("mana_ai_http_request_duration_seconds", 0.005, 10)]
    [InlineData("mana_ai_tick_duration_seconds", 0.1, 120)]
    [InlineData("mana_ai_planner_request_duration_seconds", 0.25, 60)]
    [InlineData("mana_ai_planner_rounds", 1, 5)]
    public void Histograms_reach_from_bound_to_bound(string name, double first, double last)
    {
        var bounds = _collector.Read().Single(family => family.Name == name).Bounds;

        bounds[0].ShouldBe(first);
        bounds[^1].ShouldBe(last);
    }

    [Fact]
    public void Counters_add_and_gauges_stand()
    {
        _metrics.LateRows.Add(2);
        _metrics.LateRows.Add(3);
        _metrics.OpenOccurrences.Record(7);
        _metrics.OpenOccurrences.Record(4);
        _metrics.CountVerdict("skipped", "agent-paused");
        _metrics.CountVerdict("skipped", "agent-paused");
        _metrics.CountVerdict("planned", "");
        _metrics.CountTokens("agent-1", 12_000_000_000);

        var page = Page();
        page.Value("mana_ai_late_rows_total").ShouldBe(5);
        page.Value("mana_ai_open_occurrences").ShouldBe(4);
        page.Value("mana_ai_verdicts_total", ("verdict", "skipped"), ("reason", "agent-paused")).ShouldBe(2);
        page.Value("mana_ai_verdicts_total", ("verdict", "planned"), ("reason", "")).ShouldBe(1);
        page.Value("mana_ai_tokens_used_total", ("agent_id", "agent-1")).ShouldBe(12_000_000_000);
    }

    [Fact]
    public void A_histogram_counts_a_value_on_its_bound_and_one_above_all()
    {
        _metrics.PlannerRounds.Record(1);
        _metrics.PlannerRounds.Record(5);
        _metrics.PlannerRounds.Record(9);

        var page = Page();
        page.Value("mana_ai_planner_rounds_bucket", ("le", "1")).ShouldBe(1);
        page.Value("mana_ai_planner_rounds_bucket", ("le", "4")).ShouldBe(1);
        page.Value("mana_ai_planner_rounds_bucket", ("le", "5")).ShouldBe(2);
        page.Value("mana_ai_planner_rounds_bucket", ("le", "+Inf")).ShouldBe(3);
        page.Value("mana_ai_planner_rounds_sum").ShouldBe(15);
    }

    [Theory]
    [InlineData("a\"b")]
    [InlineData("a\\b")]
    [InlineData("a\nb")]
    [InlineData("\\n")]
    [InlineData("} 1\nforged_total{x=\"y")]
    [InlineData("ü🔑")]
    public void Label_values_are_escaped(string value)
    {
        _metrics.CountProviderError(value, "auth");

        Page().Value("mana_ai_provider_errors_total", ("provider", value), ("kind", "auth")).ShouldBe(1);
    }

    [Fact]
    public void Too_many_label_values_are_counted_together()
    {
        for (var agent = 0; agent < MetricFamily.SeriesMax + 50; agent++)
        {
            _metrics.CountTokens($"agent-{agent}", 1);
        }

        var tokens = Page().Samples.Where(sample => sample.Family is "mana_ai_tokens_used_total").ToArray();
        tokens.Length.ShouldBe(MetricFamily.SeriesMax + 1);
        tokens.Sum(sample => sample.Value).ShouldBe(MetricFamily.SeriesMax + 50);
        tokens.Single(sample => sample.Label("agent_id") is "other").Value.ShouldBe(50);
    }

    [Fact]
    public void Two_services_in_one_process_count_apart()
    {
        using var others = new Metrics();
        using var collector = new MetricsCollector(others);

        others.Ticks.Add(1);

        Page().Value("mana_ai_ticks_total").ShouldBe(0);
        PrometheusPage.Parse(PrometheusText.Write(collector.Read())).Value("mana_ai_ticks_total").ShouldBe(1);
    }

    [Fact]
    public void Nothing_is_lost_when_many_count_while_the_page_is_read()
    {
        const int threads = 8;
        const int each = 2000;

        Parallel.For(
            0,
            threads,
            thread =>
            {
                for (var round = 0; round < each; round++)
                {
                    _metrics.CountHttpRequest("GET", $"/{round % 20}", 200, TimeSpan.FromMilliseconds(round));
                    if (round % 500 == thread)
                    {
                        Page(); // The parser checks that buckets and counts agree, mid-flight too.
                    }
                }
            }
        );

        var page = Page();
        Sum(page, "mana_ai_http_requests_total").ShouldBe(threads * each);
        Sum(page, "mana_ai_http_request_duration_seconds_count").ShouldBe(threads * each);
    }

    private static double Sum(PrometheusPage page, string name) =>
        page.Samples.Where(sample => sample.Name == name).Sum(sample => sample.Value);

    private PrometheusPage Page() => PrometheusPage.Parse(PrometheusText.Write(_collector.Read()));
}
