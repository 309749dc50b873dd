using System.Diagnostics.Metrics;
using System.Globalization;

namespace ManaAi.Actors;

/// <summary>
/// Everything this service counts, each under the name that dashboards know. One instance for each service and not
/// a static: tests run several side by side. Labels have few values by design; no user and no mission is ever one.
/// </summary>
public sealed class Metrics : IDisposable
{
    public const string MeterName = "mana-ai";

    private static readonly double[] HttpSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] TickSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
    private static readonly double[] CallSeconds = [0.25, 0.5, 1, 2, 5, 10, 20, 30, 60];
    private static readonly double[] Rounds = [1, 2, 3, 4, 5];

    // From "at once" to "a night without mana-llm".
    private static readonly double[] LagSeconds = [0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 900, 3600, 21_600];

    private readonly Meter _meter = new(MeterName);
    private readonly Dictionary<Instrument, string[]> _labels = [];
    private readonly Counter<long> _httpRequests;
    private readonly Histogram<double> _httpRequestDuration;
    private readonly Counter<long> _toolCalls;
    private readonly Counter<long> _providerErrors;
    private readonly Counter<long> _tokensUsed;
    private readonly Counter<long> _agentDecisions;
    private readonly Counter<long> _verdicts;
    private readonly Counter<long> _breakerTransitions;
    private readonly Counter<long> _rowsPruned;
    private readonly Counter<long> _badKeys;

    public Metrics()
    {
        _httpRequests = Counter(
            "mana_ai_http_requests_total",
            "HTTP requests answered.",
            "method",
            "path",
            "status"
        );
        _httpRequestDuration = Histogram(
            "mana_ai_http_request_duration_seconds",
            "Time from a request to the end of its answer.",
            HttpSeconds,
            "method",
            "path",
            "status"
        );
        Ticks = Counter("mana_ai_ticks_total", "Ticks finished.");
        TickDuration = Histogram(
            "mana_ai_tick_duration_seconds",
            "How long a tick kept the coordinator busy.",
            TickSeconds
        );
        PlansProduced = Counter("mana_ai_plans_produced_total", "Valid plans received, empty ones included.");
        PlansWrittenBack = Counter("mana_ai_plans_written_back_total", "Plans written into the change log.");
        ParseFailures = Counter(
            "mana_ai_parse_failures_total",
            "Answers of the LLM that were not a usable plan."
        );
        MissionErrors = Counter("mana_ai_mission_errors_total", "Runs that ended as failed.");
        PlannerRequestDuration = Histogram(
            "mana_ai_planner_request_duration_seconds",
            "How long one call to the LLM took, whatever came of it.",
            CallSeconds
        );
        PlannerRounds = Histogram(
            "mana_ai_planner_rounds",
            "Calls to the LLM that one attempt took.",
            Rounds
        );
        _toolCalls = Counter(
            "mana_ai_tool_calls_total",
            "Tools that plans asked for.",
            "tool",
            "policy",
            "outcome"
        );
        _providerErrors = Counter(
            "mana_ai_provider_errors_total",
            "Calls that the LLM did not answer.",
            "provider",
            "kind"
        );
        _tokensUsed = Counter("mana_ai_tokens_used_total", "Tokens as the LLM counted them.", "agent_id");
        _agentDecisions = Counter(
            "mana_ai_agent_decisions_total",
            "Whether an agent's mission ran.",
            "decision"
        );
        LateRows = Counter("mana_ai_late_rows_total", "Rows that became visible behind one already folded.");
        ChangesFolded = Counter("mana_ai_changes_folded_total", "Rows of the change log folded.");
        Refolds = Counter("mana_ai_refolds_total", "Records folded again from the log.");
        UndecodableRows = Counter(
            "mana_ai_undecodable_rows_total",
            "Rows whose data or times could not be decoded."
        );
        NewerSchemaRows = Counter(
            "mana_ai_newer_schema_rows_total",
            "Rows of a schema version not known here."
        );
        OpenOccurrences = Gauge("mana_ai_open_occurrences", "Occurrences without a verdict.");
        _verdicts = Counter("mana_ai_verdicts_total", "Occurrences closed, by how.", "verdict", "reason");
        StaleWritesRefused = Counter(
            "mana_ai_stale_writes_refused_total",
            "Results not written because the claim was lost or the mission had moved on."
        );
        LeaseTakeovers = Counter("mana_ai_lease_takeovers_total", "Claims on runs whose lease had run out.");
        ScheduleLag = Histogram("mana_ai_schedule_lag_seconds", "Time from due to claimed.", LagSeconds);
        DueToWritten = Histogram(
            "mana_ai_due_to_written_seconds",
            "Time from due to written back.",
            LagSeconds
        );
        _breakerTransitions = Counter(
            "mana_ai_breaker_transitions_total",
            "How often the breaker for mana-llm was opened or closed by this node.",
            "cause",
            "to"
        );
        _rowsPruned = Counter(
            "mana_ai_rows_pruned_total",
            "Rows of our own tables that were older than they are kept.",
            "table"
        );
        _badKeys = Counter(
            "mana_ai_bad_keys_total",
            "Wrong service keys that callers sent, by what they were answered.",
            "answer"
        );
        BreakerState = Gauge(
            "mana_ai_breaker_state",
            "The breaker for mana-llm: 0 closed, 1 half open, 2 open."
        );
        TokensReserved = Gauge(
            "mana_ai_tokens_reserved",
            "Tokens reserved for calls under way, over all nodes."
        );
        CiphertextMissions = Gauge(
            "mana_ai_ciphertext_missions",
            "Missions left to their devices because nothing here opens their text."
        );
        Nodes = Gauge("mana_ai_nodes", "Nodes that live, as this one sees them.");
        Ready = Gauge("mana_ai_ready", "1 while database, schema and the view of the log are right, else 0.");
    }

    /// <summary>Whose instruments a listener takes: this instance's and no other's.</summary>
    public Meter Meter => _meter;

    public Counter<long> Ticks { get; }

    public Histogram<double> TickDuration { get; }

    public Counter<long> PlansProduced { get; }

    public Counter<long> PlansWrittenBack { get; }

    public Counter<long> ParseFailures { get; }

    public Counter<long> MissionErrors { get; }

    public Histogram<double> PlannerRequestDuration { get; }

    public Histogram<double> PlannerRounds { get; }

    public Counter<long> LateRows { get; }

    public Counter<long> ChangesFolded { get; }

    public Counter<long> Refolds { get; }

    public Counter<long> UndecodableRows { get; }

    public Counter<long> NewerSchemaRows { get; }

    public Gauge<long> OpenOccurrences { get; }

    public Counter<long> StaleWritesRefused { get; }

    public Counter<long> LeaseTakeovers { get; }

    public Histogram<double> ScheduleLag { get; }

    public Histogram<double> DueToWritten { get; }

    public Gauge<long> BreakerState { get; }

    public Gauge<long> TokensReserved { get; }

    public Gauge<long> CiphertextMissions { get; }

    public Gauge<long> Nodes { get; }

    public Gauge<long> Ready { get; }

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

    public void CountTokens(string agentId, long tokens) =>
        _tokensUsed.Add(tokens, new KeyValuePair<string, object?>("agent_id", agentId));

    /// <param name="decision">ran, skipped-paused, skipped-archived, skipped-concurrency or skipped-budget.</param>
    public void CountAgentDecision(string decision) =>
        _agentDecisions.Add(1, new KeyValuePair<string, object?>("decision", decision));

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

    /// <summary>The names of an instrument's labels, in the order in which they are shown.</summary>
    public IReadOnlyList<string> LabelsOf(Instrument instrument) => _labels[instrument];

    public void Dispose() => _meter.Dispose();

    private Counter<long> Counter(string name, string help, params string[] labels) =>
        Labelled(_meter.CreateCounter<long>(name, unit: null, help), labels);

    private Gauge<long> Gauge(string name, string help) =>
        Labelled(_meter.CreateGauge<long>(name, unit: null, help), []);

    private Histogram<double> Histogram(string name, string help, double[] bounds, params string[] labels)
    {
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds };
        return Labelled(_meter.CreateHistogram(name, unit: null, help, tags: null, advice), labels);
    }

    private TInstrument Labelled<TInstrument>(TInstrument instrument, string[] labels)
        where TInstrument : Instrument
    {
        _labels.Add(instrument, labels);
        return instrument;
    }
}
