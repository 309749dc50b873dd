namespace ManaAi.Host.Settings;

/// <summary>Everything an operator can set, parsed and within its bounds. <see cref="SettingsReader"/> makes it.</summary>
internal sealed record ServiceSettings
{
    /// <summary>DOTNET_ENVIRONMENT is Development: a known service key is good enough.</summary>
    public required bool IsDevelopment { get; init; }

    public required DatabaseSettings Database { get; init; }

    public required TickSettings Tick { get; init; }

    public required LlmSettings Llm { get; init; }

    public required RunSettings Runs { get; init; }

    public required ScheduleSettings Schedule { get; init; }

    public required LogSettings Log { get; init; }

    public required KeepSettings Keep { get; init; }

    public required EdgeSettings Edge { get; init; }

    /// <summary>Null: nothing is traced.</summary>
    public required TraceSettings? Traces { get; init; }

    /// <summary>Validated, and otherwise for what is not built yet: inputs, grants and research.</summary>
    public required LaterSettings Later { get; init; }

    /// <summary>True: folds and finds, neither calls nor writes. The default is false.</summary>
    public required bool IsDryRun { get; init; }

    /// <summary>How long runs under way may take after SIGTERM. The default is 10 seconds.</summary>
    public required TimeSpan ShutdownGrace { get; init; }
}

/// <param name="ConnectionString">For Npgsql; the password is in it.</param>
/// <param name="Display">Who connects where, without the password: for logs and the status page.</param>
internal sealed record DatabaseSettings(Secret ConnectionString, string Display);

internal sealed record TickSettings
{
    /// <summary>From one tick of the timer to the next. The default is a minute.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>False: no timer, and no claims before the first manual tick. The default is true.</summary>
    public required bool IsEnabled { get; init; }
}

internal sealed record LlmSettings
{
    /// <summary>mana-llm's address without a slash at its end. The default is http://localhost:3020.</summary>
    public required Uri Url { get; init; }

    /// <summary>The bearer for mana-llm where it has one of its own. Null: the first service key, also when that changes.</summary>
    public required Secret? OwnKey { get; init; }

    /// <summary>Null: the model that fits mana-llm's generation.</summary>
    public required string? Model { get; init; }

    /// <summary>0 to 2. The default is 0.3.</summary>
    public required double Temperature { get; init; }

    public required PlannerMode Mode { get; init; }

    /// <summary>A call in total. The default is two minutes; below the other limits it simply ends first.</summary>
    public required TimeSpan TotalTimeout { get; init; }

    /// <summary>Until the connection stands. The default is 5 seconds.</summary>
    public required TimeSpan ConnectTimeout { get; init; }

    /// <summary>From the request to the answer's first byte. The default is a minute: models think first.</summary>
    public required TimeSpan FirstByteTimeout { get; init; }

    /// <summary>Between two parts of the answer. The default is 20 seconds.</summary>
    public required TimeSpan SilenceTimeout { get; init; }

    /// <summary>A plan has some kilobytes; the default of 2 MiB only stops what is no plan.</summary>
    public required int ReplyBytesMax { get; init; }
}

/// <summary>How plans are asked for: as JSON, as native function calls, or by what mana-llm can do.</summary>
internal enum PlannerMode
{
    Auto,
    Json,
    Tools,
}

internal sealed record RunSettings
{
    /// <summary>Plans at once on this node. The default is 8.</summary>
    public required int PlansMax { get; init; }

    /// <summary>Plans at once for one user, over all nodes. The default is 2.</summary>
    public required int PlansPerUserMax { get; init; }

    /// <summary>How long a claim lives unless it is renewed. The default is 30 seconds.</summary>
    public required TimeSpan Lease { get; init; }

    /// <summary>Tries at one occurrence, crashes counted. The default is 5.</summary>
    public required int AttemptsMax { get; init; }

    /// <summary>The first wait between attempts; later ones grow from it. The default is 2 seconds.</summary>
    public required TimeSpan RetryBase { get; init; }

    /// <summary>How long an occurrence waits on 429 before it fails. The default is 6 hours.</summary>
    public required TimeSpan RateLimitWaitMax { get; init; }

    /// <summary>Iterations that await review before a mission rests. The default is 3; 0 is no bound.</summary>
    public required int UnreviewedIterationsMax { get; init; }

    /// <summary>Tokens that a mission may use in a rolling day. The default is no limit; 0 never runs.</summary>
    public required long? TokensPerMissionPerDay { get; init; }

    /// <summary>Tokens that a user's missions may use in a rolling day. The default is no limit.</summary>
    public required long? TokensPerUserPerDay { get; init; }

    /// <summary>Tokens that the whole service may use in a rolling day. The default is no limit.</summary>
    public required long? TokensPerDay { get; init; }
}

internal sealed record ScheduleSettings
{
    /// <summary>False: nextRunAt is the devices' to move. The default is true.</summary>
    public required bool IsAdvanced { get; init; }

    /// <summary>A tzdb name, for missions that carry none. The default is Europe/Berlin.</summary>
    public required string DefaultTimeZone { get; init; }

    /// <summary>The shortest interval that a cadence gets. The default is 5 minutes.</summary>
    public required TimeSpan IntervalMin { get; init; }

    public required MissedRuns MissedRuns { get; init; }

    /// <summary>What was due longer ago than this is skipped. The default is a week.</summary>
    public required TimeSpan MissedAfter { get; init; }

    /// <summary>Over how long missions due at one moment are spread. The default is none.</summary>
    public required TimeSpan Spread { get; init; }
}

/// <summary>What becomes of occurrences that passed while nothing ran: the last one is made up for, or none.</summary>
internal enum MissedRuns
{
    Once,
    Skip,
}

/// <summary>How the change feed looks behind its cursor, and what may be created on sync_changes.</summary>
internal sealed record LogSettings
{
    /// <summary>How far every read looks behind the cursor. The default is two minutes.</summary>
    public required TimeSpan Margin { get; init; }

    /// <summary>How often the sweep looks for what was open longer than the margin. The default is 5 minutes.</summary>
    public required TimeSpan SweepInterval { get; init; }

    /// <summary>How far the sweep looks back. The default is a day.</summary>
    public required TimeSpan SweepWindow { get; init; }

    /// <summary>May the service create its index on sync_changes? The default is no.</summary>
    public required bool IsIndexManaged { get; init; }

    /// <summary>May the service create its wake-up trigger on sync_changes? The default is no.</summary>
    public required bool IsTriggerManaged { get; init; }
}

/// <summary>How long rows of our own tables are kept.</summary>
internal sealed record KeepSettings
{
    /// <summary>Closed occurrences. The default is 90 days; never shorter than what counts as missed.</summary>
    public required TimeSpan Runs { get; init; }

    /// <summary>What each answer cost. The default is 400 days, so that a year can be compared with the last.</summary>
    public required TimeSpan Usage { get; init; }

    /// <summary>What happened to each occurrence. The default is 30 days.</summary>
    public required TimeSpan Events { get; init; }

    /// <summary>What ticks did. The default is a week.</summary>
    public required TimeSpan Ticks { get; init; }
}

internal sealed record EdgeSettings
{
    /// <summary>The default is 3066. Tests use 0: any free one.</summary>
    public required int Port { get; init; }

    /// <summary>What callers may send; the first is also the bearer for mana-llm. At least one.</summary>
    public required IReadOnlyList<Secret> ServiceKeys { get; init; }

    /// <summary>Where the keys are read again from while the service runs; null where they do not change.</summary>
    public required string? ServiceKeyFile { get; init; }

    /// <summary>False: /metrics wants the service key. The default is true.</summary>
    public required bool IsMetricsPublic { get; init; }

    /// <summary>False: no OpenAPI document. The default is true.</summary>
    public required bool IsOpenApiEnabled { get; init; }
}

/// <summary>Where traces go. What is not here OpenTelemetry reads from the variables itself.</summary>
internal sealed record TraceSettings
{
    /// <summary>http/protobuf or grpc. The default is http/protobuf.</summary>
    public required string Protocol { get; init; }

    /// <summary>Which traces are kept. The default is all.</summary>
    public required TraceSampler Sampler { get; init; }

    /// <summary>The share of traces that is kept, 0 to 1; the same ones on all nodes.</summary>
    public required double Share { get; init; }

    /// <summary>The default is mana-ai.</summary>
    public required string ServiceName { get; init; }

    /// <summary>All variables that begin with OTEL_; headers carry keys.</summary>
    public required IReadOnlyDictionary<string, Secret> Variables { get; init; }
}

internal enum TraceSampler
{
    All,
    Share,
    None,
}

internal sealed record LaterSettings
{
    public required Secret? PrivateKeyPem { get; init; }

    public required Uri? ApiUrl { get; init; }

    public required Uri? ResearchUrl { get; init; }
}

/// <summary>What `verify` needs to know of the service.</summary>
internal sealed record VerifySettings(DatabaseSettings Database, LogSettings Log);

/// <summary>What the commands need that ask a running node over HTTP.</summary>
/// <param name="Url">MANA_AI_URL without a slash at its end. The default is http://localhost:3066.</param>
/// <param name="Key">The first of MANA_SERVICE_KEY or of MANA_SERVICE_KEY_FILE, or null where there is none.</param>
internal sealed record ClientSettings(Uri Url, Secret? Key);

/// <summary>What the command needs that counts ahead.</summary>
internal sealed record ForecastSettings(
    DatabaseSettings Database,
    TickSettings Tick,
    RunSettings Runs,
    ScheduleSettings Schedule
);
