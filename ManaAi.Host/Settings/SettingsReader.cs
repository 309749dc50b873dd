using ManaAi.Host.Internal;
using ManaAi.Host.Keys;

namespace ManaAi.Host.Settings;

/// <summary>
/// The one place that knows the environment's names. Everything is read before anything is judged, so that an
/// operator sees all faults at once and not one for each start. An empty value counts as not set: that is how
/// compose files pass on what nobody set.
/// </summary>
internal static class SettingsReader
{
    private const string KeyName = "MANA_SERVICE_KEY";
    private const string KeyFileName = "MANA_SERVICE_KEY_FILE";

    public static SettingsResult<ServiceSettings> Read(IReadOnlyDictionary<string, string?> environment)
    {
        var values = new EnvironmentValues(environment);
        return values.Judge(ReadService(values, environment));
    }

    /// <summary>Also what is wrong, for whoever looks at the rest all the same: a stand-in stands where a fault is.</summary>
    public static (ServiceSettings Settings, IReadOnlyList<SettingFault> Faults) ReadWithFaults(
        IReadOnlyDictionary<string, string?> environment
    )
    {
        var values = new EnvironmentValues(environment);
        return (ReadService(values, environment), values.Faults);
    }

    /// <summary>What counting ahead needs; no key, since it calls nobody.</summary>
    public static SettingsResult<ForecastSettings> ReadForecast(
        IReadOnlyDictionary<string, string?> environment
    )
    {
        var values = new EnvironmentValues(environment);
        return values.Judge(
            new ForecastSettings(
                ReadDatabase(values),
                ReadTick(values),
                ReadRuns(values),
                ReadSchedule(values)
            )
        );
    }

    /// <summary>Where the commands find a node, and with which key. A missing key is the command's to report.</summary>
    public static SettingsResult<ClientSettings> ReadClient(IReadOnlyDictionary<string, string?> environment)
    {
        var values = new EnvironmentValues(environment);
        var defaultKey = IsDevelopment(values) ? KeyStrength.DevelopmentKey : null;
        var url = values.HttpUrl("MANA_AI_URL", "http://localhost:3066")!;
        var keys =
            values.IsSet(KeyName) || values.IsSet(KeyFileName) || defaultKey is not null
                ? values.Keys(KeyName, KeyFileName, defaultKey, isAnyAccepted: true)
                : [];
        return values.Judge(new ClientSettings(url, keys.Count == 0 ? null : keys[0]));
    }

    /// <summary>Where the commands find the database that need nothing else.</summary>
    public static SettingsResult<DatabaseSettings> ReadDatabase(
        IReadOnlyDictionary<string, string?> environment
    )
    {
        var values = new EnvironmentValues(environment);
        return values.Judge(ReadDatabase(values));
    }

    /// <summary>Where `verify` looks, and how far the service looks back there.</summary>
    public static SettingsResult<VerifySettings> ReadVerify(IReadOnlyDictionary<string, string?> environment)
    {
        var values = new EnvironmentValues(environment);
        return values.Judge(new VerifySettings(ReadDatabase(values), ReadLog(values)));
    }

    /// <summary>Where this machine's own node listens; for the container's health check.</summary>
    public static SettingsResult<int> ReadPort(IReadOnlyDictionary<string, string?> environment)
    {
        var values = new EnvironmentValues(environment);
        return values.Judge(Port(values));
    }

    private static ServiceSettings ReadService(
        EnvironmentValues values,
        IReadOnlyDictionary<string, string?> environment
    )
    {
        var isDevelopment = IsDevelopment(values);
        var keys = values.Keys(
            KeyName,
            KeyFileName,
            isDevelopment ? KeyStrength.DevelopmentKey : null,
            isAnyAccepted: isDevelopment
        );
        return new ServiceSettings
        {
            IsDevelopment = isDevelopment,
            Database = ReadDatabase(values),
            Tick = ReadTick(values),
            Llm = ReadLlm(values),
            Runs = ReadRuns(values),
            Schedule = ReadSchedule(values),
            Log = ReadLog(values),
            Keep = ReadKeep(values),
            Edge = ReadEdge(values, keys),
            Traces = ReadTraces(values, environment),
            Later = ReadLater(values),
            IsDryRun = values.Boolean("DRY_RUN", false),
            ShutdownGrace = values.Milliseconds("SHUTDOWN_GRACE_MS", 10_000, 0, 600_000),
        };
    }

    private static bool IsDevelopment(EnvironmentValues values) =>
        values.Choice(
            "DOTNET_ENVIRONMENT",
            "Production",
            [("Production", false), ("Development", true)],
            StringComparison.OrdinalIgnoreCase
        );

    private static DatabaseSettings ReadDatabase(EnvironmentValues values) =>
        values.Database("SYNC_DATABASE_URL", "postgresql://mana:devpassword@localhost:5432/mana_sync");

    private static TickSettings ReadTick(EnvironmentValues values) =>
        new()
        {
            Interval = values.Milliseconds("TICK_INTERVAL_MS", 60_000, 100, 86_400_000),
            IsEnabled = values.Boolean("TICK_ENABLED", true),
        };

    private static LlmSettings ReadLlm(EnvironmentValues values) =>
        new()
        {
            Url = values.HttpUrl("MANA_LLM_URL", "http://localhost:3020")!,
            OwnKey = values.Key("MANA_LLM_KEY"),
            Model = values.ModelName("MANA_LLM_MODEL"),
            Temperature = values.Number("MANA_LLM_TEMPERATURE", 0.3m, 0m, 2m),
            Mode = values.Choice(
                "PLANNER_MODE",
                "auto",
                [("auto", PlannerMode.Auto), ("json", PlannerMode.Json), ("tools", PlannerMode.Tools)]
            ),
            TotalTimeout = values.Milliseconds("MANA_LLM_TIMEOUT_MS", 120_000, 1000, 3_600_000),
            ConnectTimeout = values.Milliseconds("MANA_LLM_CONNECT_TIMEOUT_MS", 5000, 10, 600_000),
            FirstByteTimeout = values.Milliseconds("MANA_LLM_FIRST_BYTE_TIMEOUT_MS", 60_000, 10, 3_600_000),
            SilenceTimeout = values.Milliseconds("MANA_LLM_SILENCE_TIMEOUT_MS", 20_000, 10, 3_600_000),
            ReplyBytesMax = values.Integer("MANA_LLM_REPLY_BYTES_MAX", 2_097_152, 1024, 67_108_864),
        };

    private static RunSettings ReadRuns(EnvironmentValues values) =>
        new()
        {
            PlansMax = values.Integer("MAX_CONCURRENT_PLANS", 8, 1, 1000),
            PlansPerUserMax = values.Integer("MAX_CONCURRENT_PLANS_PER_USER", 2, 1, 1000),
            Lease = values.Milliseconds(
                "RUN_LEASE_MS",
                30_000,
                2000,
                3_600_000,
                "or one slow query loses a paid answer"
            ),
            AttemptsMax = values.Integer("RUN_MAX_ATTEMPTS", 5, 1, 20),
            RetryBase = values.Milliseconds("RUN_RETRY_BASE_MS", 2000, 0, 600_000),
            RateLimitWaitMax = values.Milliseconds("RATE_LIMIT_MAX_MS", 21_600_000, 0, 604_800_000),
            UnreviewedIterationsMax = values.Integer("MAX_UNREVIEWED_ITERATIONS", 3, 0, 1000),
            TokensPerMissionPerDay = values.Tokens("TOKENS_PER_MISSION_PER_DAY"),
            TokensPerUserPerDay = values.Tokens("TOKENS_PER_USER_PER_DAY"),
            TokensPerDay = values.Tokens("TOKENS_PER_DAY"),
        };

    private static ScheduleSettings ReadSchedule(EnvironmentValues values) =>
        new()
        {
            IsAdvanced = values.Boolean("ADVANCE_SCHEDULE", true),
            DefaultTimeZone = values.TimeZone("DEFAULT_TIME_ZONE", "Europe/Berlin"),
            IntervalMin = TimeSpan.FromMinutes(values.Integer("MIN_INTERVAL_MINUTES", 5, 1, 1440)),
            MissedRuns = values.Choice(
                "MISSED_RUNS",
                "once",
                [("once", MissedRuns.Once), ("skip", MissedRuns.Skip)]
            ),
            MissedAfter = values.Milliseconds("MISSED_AFTER_MS", 604_800_000, 1, 31_536_000_000),
            Spread = values.Milliseconds("SPREAD_MS", 0, 0, 3_600_000),
        };

    private static LogSettings ReadLog(EnvironmentValues values) =>
        new()
        {
            Margin = values.Milliseconds("LOG_MARGIN_MS", 120_000, 0, 86_400_000),
            SweepInterval = values.Milliseconds("SWEEP_INTERVAL_MS", 300_000, 100, 86_400_000),
            SweepWindow = values.Milliseconds("SWEEP_WINDOW_MS", 86_400_000, 1000, 2_592_000_000),
            IsIndexManaged = values.Boolean("MANAGE_LOG_INDEX", false),
            IsTriggerManaged = values.Boolean("MANAGE_WAKEUP_TRIGGER", false),
        };

    private static KeepSettings ReadKeep(EnvironmentValues values) =>
        new()
        {
            Runs = values.Milliseconds("KEEP_RUNS_MS", 7_776_000_000, 86_400_000, 315_360_000_000),
            Usage = values.Milliseconds("KEEP_USAGE_MS", 34_560_000_000, 86_400_000, 315_360_000_000),
            Events = values.Milliseconds("KEEP_EVENTS_MS", 2_592_000_000, 3_600_000, 315_360_000_000),
            Ticks = values.Milliseconds("KEEP_TICKS_MS", 604_800_000, 3_600_000, 315_360_000_000),
        };

    private static EdgeSettings ReadEdge(EnvironmentValues values, IReadOnlyList<Secret> serviceKeys) =>
        new()
        {
            Port = Port(values),
            ServiceKeys = serviceKeys,
            ServiceKeyFile = values.Path(KeyFileName),
            IsMetricsPublic = values.Boolean("METRICS_PUBLIC", true),
            IsOpenApiEnabled = values.Boolean("OPENAPI_ENABLED", true),
        };

    /// <summary>Names and defaults are those of OpenTelemetry, whose own code reads them; we only judge them first.</summary>
    private static TraceSettings? ReadTraces(
        EnvironmentValues values,
        IReadOnlyDictionary<string, string?> environment
    )
    {
        if (values.HttpUrl("OTEL_EXPORTER_OTLP_ENDPOINT", null) is null)
        {
            return null;
        }

        var isOff = values.Boolean("OTEL_SDK_DISABLED", false);
        var settings = new TraceSettings
        {
            Protocol = values.Choice(
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "http/protobuf",
                [("http/protobuf", "http/protobuf"), ("grpc", "grpc")]
            ),
            Sampler = values.Choice(
                "OTEL_TRACES_SAMPLER",
                "parentbased_always_on",
                [
                    ("parentbased_always_on", TraceSampler.All),
                    ("always_on", TraceSampler.All),
                    ("parentbased_traceidratio", TraceSampler.Share),
                    ("traceidratio", TraceSampler.Share),
                    ("parentbased_always_off", TraceSampler.None),
                    ("always_off", TraceSampler.None),
                ]
            ),
            Share = values.Number("OTEL_TRACES_SAMPLER_ARG", 1m, 0m, 1m),
            ServiceName = values.Name("OTEL_SERVICE_NAME") ?? ServiceIdentity.Name,
            Variables = environment
                .Where(variable =>
                    variable.Key.StartsWith("OTEL_", StringComparison.Ordinal) && values.IsSet(variable.Key)
                )
                .ToDictionary(
                    variable => variable.Key,
                    variable => new Secret(variable.Value!),
                    StringComparer.Ordinal
                ),
        };
        values.Pairs("OTEL_EXPORTER_OTLP_HEADERS");
        values.Pairs("OTEL_RESOURCE_ATTRIBUTES");
        values.Milliseconds("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000, 100, 600_000);
        return isOff ? null : settings;
    }

    private static LaterSettings ReadLater(EnvironmentValues values) =>
        new()
        {
            PrivateKeyPem = values.PrivateKey("MANA_AI_PRIVATE_KEY_PEM"),
            ApiUrl = values.HttpUrl("MANA_API_URL", null),
            ResearchUrl = values.HttpUrl("MANA_RESEARCH_URL", null),
        };

    private static int Port(EnvironmentValues values) => values.Integer("PORT", 3066, 1, 65_535);
}
