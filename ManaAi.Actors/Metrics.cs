using System.Diagnostics.Metrics;
using System.Globalization;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors;

/// <summary>
/// Everything this service counts, each under the name that dashboards know (docs/metrics.md). One instance for each
/// service and not a static: tests run several side by side. Labels have few values by design; no user and no mission
/// is ever one.
/// </summary>
public sealed class Metrics(Instruments make, TimeProvider time) : IDisposable
{
    /// <summary>What label values are counted under that are too many, or that somebody made up.</summary>
    public const string Other = "other";

    // As long as a UUID with a prefix. Devices make these ids, and nothing keeps one from being a novel.
    private const int AgentIdMax = 64;

    private static readonly double[] HttpSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] TickSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
    private static readonly double[] CallSeconds = [0.25, 0.5, 1, 2, 5, 10, 20, 30, 60];

    // From "at once" to "a night without mana-llm".
    private static readonly double[] LagSeconds = [0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 900, 3600, 21_600];

    private static readonly string[][] _decisions =
    [
        ["ran"],
        ["skipped-paused"],
        ["skipped-archived"],
        ["skipped-concurrency"],
        ["skipped-budget"],
    ];

    private static readonly string[][] _transitions =
    [
        ["failures", "open"],
        ["failures", "closed"],
        ["authorization", "open"],
        ["authorization", "closed"],
    ];

    private static readonly string[][] _refusals =
    [
        ["unauthorized"],
        ["too-many-requests"],
    ];

    private readonly Counter<long> _httpRequests = make.Counter(
        "mana_ai_http_requests_total",
        "HTTP requests answered.",
        ["method", "path", "status"]
    );

    private readonly Histogram<double> _httpRequestDuration = make.Histogram(
        "mana_ai_http_request_duration_seconds",
        "Time from a request to the end of its answer.",
        HttpSeconds,
        ["method", "path", "status"]
    );

    private readonly Counter<long> _toolCalls = make.Counter(
        "mana_ai_tool_calls_total",
        "Tools that plans asked for.",
        ["tool", "policy", "outcome"]
    );

    private readonly Counter<long> _providerErrors = make.Counter(
        "mana_ai_provider_errors_total",
        "Calls that the LLM did not answer.",
        ["provider", "kind"]
    );

    private readonly Counter<long> _tokensUsed = make.Counter(
        "mana_ai_tokens_used_total",
        "Tokens as the LLM counted them.",
        ["agent_id"]
    );

    private readonly Counter<long> _agentDecisions = make.Counter(
        "mana_ai_agent_decisions_total",
        "Whether an agent's mission ran; skipped-concurrency counts at each tick at which one waits.",
        ["decision"],
        _decisions
    );

    private readonly Counter<long> _verdicts = make.Counter(
        "mana_ai_verdicts_total",
        "Occurrences closed, by how.",
        ["verdict", "reason"],
        [.. Verdicts.All.Select(one => new[] { one.Verdict, one.Reason })]
    );

    private readonly Counter<long> _breakerTransitions = make.Counter(
        "mana_ai_breaker_transitions_total",
        "How often the breaker for mana-llm was opened or closed by this node.",
        ["cause", "to"],
        _transitions
    );

    private readonly Counter<long> _rowsPruned = make.Counter(
        "mana_ai_rows_pruned_total",
        "Rows of our own tables that were older than they are kept.",
        ["table"]
    );

    private readonly Counter<long> _badKeys = make.Counter(
        "mana_ai_bad_keys_total",
        "Wrong service keys that callers sent, by what they were answered.",
        ["answer"],
        _refusals
    );

    public Metrics()
        : this(TimeProvider.System) { }

    public Metrics(TimeProvider time)
        : this(new Instruments(), time) { }

    /// <summary>Whose instruments a listener takes: this instance's and no other's.</summary>
    public Instruments Instruments => make;

    /// <summary>What is looked at when somebody reads, and not counted as it happens.</summary>
    public MetricProbes Probes { get; } = new(make, time);

    public Counter<long> Ticks { get; } = make.Counter("mana_ai_ticks_total", "Ticks finished.");

    public Histogram<double> TickDuration { get; } =
        make.Histogram(
            "mana_ai_tick_duration_seconds",
            "How long a tick kept the coordinator busy.",
            TickSeconds
        );

    public Counter<long> PlansProduced { get; } =
        make.Counter("mana_ai_plans_produced_total", "Valid plans received, empty ones included.");

    public Counter<long> PlansWrittenBack { get; } =
        make.Counter("mana_ai_plans_written_back_total", "Plans written into the change log.");

    public Counter<long> ParseFailures { get; } =
        make.Counter("mana_ai_parse_failures_total", "Answers of the LLM that were not a usable plan.");

    public Counter<long> MissionErrors { get; } =
        make.Counter("mana_ai_mission_errors_total", "Runs that ended as failed.");

    public Histogram<double> PlannerRequestDuration { get; } =
        make.Histogram(
            "mana_ai_planner_request_duration_seconds",
            "How long one call to the LLM took, whatever came of it.",
            CallSeconds
        );

    public Histogram<double> PlannerRounds { get; } =
        make.Histogram("mana_ai_planner_rounds", "Calls to the LLM that one attempt took.", [1, 2, 3, 4, 5]);

    public Counter<long> SnapshotsNew { get; } =
        make.Counter("mana_ai_snapshots_new_total", "Records that the projection did not have.");

    public Counter<long> SnapshotsUpdated { get; } =
        make.Counter("mana_ai_snapshots_updated_total", "Records of the projection that were folded on.");

    public Counter<long> SnapshotRowsApplied { get; } =
        make.Counter("mana_ai_snapshot_rows_applied_total", "Rows of the change log folded into records.");

    public Counter<long> LateRows { get; } =
        make.Counter(
            "mana_ai_late_rows_total",
            "Rows that became visible later than the margin, and were found by the sweep."
        );

    public Counter<long> Refolds { get; } =
        make.Counter("mana_ai_refolds_total", "Records folded again from the log.");

    public Counter<long> UndecodableRows { get; } =
        make.Counter("mana_ai_undecodable_rows_total", "Rows whose data or times could not be decoded.");

    public Counter<long> NewerSchemaRows { get; } =
        make.Counter("mana_ai_newer_schema_rows_total", "Rows of a schema version not known here.");

    public Gauge<long> OpenOccurrences { get; } =
        make.Gauge<long>("mana_ai_open_occurrences", "Occurrences without a verdict.");

    public Gauge<double> LongestWait { get; } =
        make.Gauge<double>(
            "mana_ai_longest_wait_seconds",
            "For how long, at the last tick, some user had work that could be claimed, and none under way."
        );

    public Counter<long> StaleWritesRefused { get; } =
        make.Counter(
            "mana_ai_stale_writes_refused_total",
            "Results not written because the claim was lost or the mission had moved on."
        );

    public Counter<long> LeaseTakeovers { get; } =
        make.Counter("mana_ai_lease_takeovers_total", "Claims on runs whose lease had run out.");

    public Histogram<double> ScheduleLag { get; } =
        make.Histogram(
            "mana_ai_schedule_lag_seconds",
            "Time from due to claimed for the first time.",
            LagSeconds
        );

    public Histogram<double> DueToWritten { get; } =
        make.Histogram("mana_ai_due_to_written_seconds", "Time from due to written back.", LagSeconds);

    public Gauge<long> BreakerState { get; } =
        make.Gauge<long>("mana_ai_breaker_state", "The breaker for mana-llm: 0 closed, 1 half open, 2 open.");

    public Gauge<long> TokensReserved { get; } =
        make.Gauge<long>("mana_ai_tokens_reserved", "Tokens reserved for calls under way, over all nodes.");

    public Gauge<long> CiphertextMissions { get; } =
        make.Gauge<long>(
            "mana_ai_ciphertext_missions",
            "Missions left to their devices because nothing here opens their text."
        );

    public Gauge<long> Nodes { get; } =
        make.Gauge<long>("mana_ai_nodes", "Nodes that live, as this one sees them.");

    public Gauge<long> Ready { get; } =
        make.Gauge<long>(
            "mana_ai_ready",
            "1 while database, schema and the view of the log are right, else 0."
        );

    public Gauge<long> Planners { get; } =
        make.Gauge<long>("mana_ai_planners", "Plans that this node makes at once, at most.");

    public Gauge<long> PlannersBusy { get; } =
        make.Gauge<long>("mana_ai_planners_busy", "Plans for which this node is asking mana-llm.");

    /// <summary>
    /// Names that dashboards know, of features that are still to come: on the page from the start, at zero where they
    /// have no labels, without a series where they have.
    /// </summary>
    public IReadOnlyList<Instrument> Reserved { get; } =
    [
        make.Counter("mana_ai_reminders_emitted_total", "Reminders emitted.", ["producer", "severity"]),
        make.Counter("mana_ai_compactions_triggered_total", "Dialogues that were compacted."),
        make.Histogram(
            "mana_ai_compacted_turns",
            "Turns that a compaction replaced.",
            [1, 2, 4, 8, 16, 32, 64, 128]
        ),
        make.Counter("mana_ai_decrypts_total", "Fields opened under a mission's grant.", ["table"]),
        make.Counter("mana_ai_grant_scope_violations_total", "Records outside of a grant.", ["table"]),
        make.Counter("mana_ai_grant_skips_total", "Grants that were not used.", ["reason"]),
        make.Counter("mana_ai_research_jobs_submitted_total", "Research jobs submitted.", ["provider"]),
        make.Counter("mana_ai_research_jobs_completed_total", "Research jobs completed.", ["provider"]),
        make.Counter("mana_ai_research_jobs_failed_total", "Research jobs that failed.", ["provider"]),
        make.Counter("mana_ai_research_jobs_pending_skips_total", "Runs that wait for a research job."),
    ];

    /// <param name="path">The route, never the raw path: callers must not be able to invent label values.</param>
    public void CountHttpRequest(string method, string path, int status, TimeSpan took)
    {
        KeyValuePair<string, object?> byMethod = new("method", method);
        KeyValuePair<string, object?> byPath = new("path", path);
        KeyValuePair<string, object?> byStatus = new("status", status.ToString(CultureInfo.InvariantCulture));
        _httpRequests.Add(1, byMethod, byPath, byStatus);
        _httpRequestDuration.Record(took.TotalSeconds, byMethod, byPath, byStatus);
    }

    /// <param name="tool">A name of the catalog, or `unknown`: models invent names.</param>
    /// <param name="outcome">deferred or failure.</param>
    public void CountToolCall(string tool, string policy, string outcome) =>
        _toolCalls.Add(1, new("tool", tool), new("policy", policy), new("outcome", outcome));

    /// <param name="provider">What stands before the slash in the model's name.</param>
    public void CountProviderError(string provider, string kind) =>
        _providerErrors.Add(1, new("provider", provider), new("kind", kind));

    /// <param name="agentId">What does not look like an id is counted under <see cref="Other"/>.</param>
    public void CountTokens(string agentId, long tokens) =>
        _tokensUsed.Add(
            tokens,
            new KeyValuePair<string, object?>("agent_id", IsPlain(agentId) ? agentId : Other)
        );

    /// <param name="decision">ran, skipped-paused, skipped-archived, skipped-concurrency or skipped-budget.</param>
    public void CountAgentDecision(string decision, long count = 1) =>
        _agentDecisions.Add(count, new KeyValuePair<string, object?>("decision", decision));

    /// <param name="reason">Why, for skipped and failed; empty for the others.</param>
    public void CountVerdict(string verdict, string reason) =>
        _verdicts.Add(1, new("verdict", verdict), new("reason", reason));

    /// <param name="cause">failures or authorization.</param>
    /// <param name="to">open or closed.</param>
    public void CountBreaker(string cause, string to) =>
        _breakerTransitions.Add(1, new("cause", cause), new KeyValuePair<string, object?>("to", to));

    public void CountPruned(string table, long rows) =>
        _rowsPruned.Add(rows, new KeyValuePair<string, object?>("table", table));

    /// <param name="answer">unauthorized or too-many-requests.</param>
    public void CountBadKey(string answer) =>
        _badKeys.Add(1, new KeyValuePair<string, object?>("answer", answer));

    public void Dispose() => make.Dispose();

    private static bool IsPlain(string id) =>
        id.Length is > 0 and <= AgentIdMax
        && id.All(one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_' or ':' or '.');
}
