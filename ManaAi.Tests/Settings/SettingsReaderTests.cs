using System.Globalization;
using System.Security.Cryptography;
using ManaAi.Host.Settings;
using static ManaAi.Tests.Settings.TestSettings;

namespace ManaAi.Tests.Settings;

public sealed class SettingsReaderTests
{
    /// <summary>Every bounded number: its name, default and bounds, and where it arrives.</summary>
    private static readonly NumberSetting[] Numbers =
    [
        new("PORT", 3066, 1, 65_535, s => s.Edge.Port),
        new("TICK_INTERVAL_MS", 60_000, 100, 86_400_000, s => Ms(s.Tick.Interval)),
        new("MANA_LLM_TIMEOUT_MS", 120_000, 1000, 3_600_000, s => Ms(s.Llm.TotalTimeout)),
        new("MANA_LLM_CONNECT_TIMEOUT_MS", 5000, 10, 600_000, s => Ms(s.Llm.ConnectTimeout)),
        new("MANA_LLM_FIRST_BYTE_TIMEOUT_MS", 60_000, 10, 3_600_000, s => Ms(s.Llm.FirstByteTimeout)),
        new("MANA_LLM_SILENCE_TIMEOUT_MS", 20_000, 10, 3_600_000, s => Ms(s.Llm.SilenceTimeout)),
        new("MANA_LLM_REPLY_BYTES_MAX", 2_097_152, 1024, 67_108_864, s => s.Llm.ReplyBytesMax),
        new("MAX_CONCURRENT_PLANS", 8, 1, 1000, s => s.Runs.PlansMax),
        new("MAX_CONCURRENT_PLANS_PER_USER", 2, 1, 1000, s => s.Runs.PlansPerUserMax),
        new("RUN_LEASE_MS", 30_000, 2000, 3_600_000, s => Ms(s.Runs.Lease)),
        new("RUN_MAX_ATTEMPTS", 5, 1, 20, s => s.Runs.AttemptsMax),
        new("RUN_RETRY_BASE_MS", 2000, 0, 600_000, s => Ms(s.Runs.RetryBase)),
        new("RATE_LIMIT_MAX_MS", 21_600_000, 0, 604_800_000, s => Ms(s.Runs.RateLimitWaitMax)),
        new("MAX_UNREVIEWED_ITERATIONS", 3, 0, 1000, s => s.Runs.UnreviewedIterationsMax),
        new("MIN_INTERVAL_MINUTES", 5, 1, 1440, s => (long)s.Schedule.IntervalMin.TotalMinutes),
        new("MISSED_AFTER_MS", 604_800_000, 1, 31_536_000_000, s => Ms(s.Schedule.MissedAfter)),
        new("SPREAD_MS", 0, 0, 3_600_000, s => Ms(s.Schedule.Spread)),
        new("LOG_MARGIN_MS", 120_000, 0, 86_400_000, s => Ms(s.Log.Margin)),
        new("SWEEP_INTERVAL_MS", 300_000, 100, 86_400_000, s => Ms(s.Log.SweepInterval)),
        new("SWEEP_WINDOW_MS", 86_400_000, 1000, 2_592_000_000, s => Ms(s.Log.SweepWindow)),
        new("KEEP_RUNS_MS", 7_776_000_000, 86_400_000, 315_360_000_000, s => Ms(s.Keep.Runs)),
        new("KEEP_USAGE_MS", 34_560_000_000, 86_400_000, 315_360_000_000, s => Ms(s.Keep.Usage)),
        new("KEEP_EVENTS_MS", 2_592_000_000, 3_600_000, 315_360_000_000, s => Ms(s.Keep.Events)),
        new("KEEP_TICKS_MS", 604_800_000, 3_600_000, 315_360_000_000, s => Ms(s.Keep.Ticks)),
        new("SHUTDOWN_GRACE_MS", 10_000, 0, 600_000, s => Ms(s.ShutdownGrace)),
    ];

    private static readonly (string Name, bool Default, Func<ServiceSettings, bool> Read)[] Booleans =
    [
        ("TICK_ENABLED", true, s => s.Tick.IsEnabled),
        ("ADVANCE_SCHEDULE", true, s => s.Schedule.IsAdvanced),
        ("MANAGE_LOG_INDEX", false, s => s.Log.IsIndexManaged),
        ("MANAGE_WAKEUP_TRIGGER", false, s => s.Log.IsTriggerManaged),
        ("DRY_RUN", false, s => s.IsDryRun),
        ("METRICS_PUBLIC", true, s => s.Edge.IsMetricsPublic),
        ("OPENAPI_ENABLED", true, s => s.Edge.IsOpenApiEnabled),
    ];

    public static TheoryData<string> NumberNames => [.. Numbers.Select(number => number.Name)];

    public static TheoryData<string> BooleanNames => [.. Booleans.Select(boolean => boolean.Name)];

    [Theory]
    [MemberData(nameof(NumberNames))]
    public void A_number_has_its_default_and_takes_both_bounds(string name)
    {
        var number = Numbers.Single(candidate => candidate.Name == name);

        number.Read(Good()).ShouldBe(number.Default);
        number.Read(Good((name, Text(number.Min)))).ShouldBe(number.Min);
        number.Read(Good((name, Text(number.Max)))).ShouldBe(number.Max);
    }

    [Theory]
    [MemberData(nameof(NumberNames))]
    public void A_number_outside_its_bounds_is_refused_with_the_bounds(string name)
    {
        var number = Numbers.Single(candidate => candidate.Name == name);

        foreach (var value in (string[])[Text(number.Min - 1), Text(number.Max + 1), "99999999999999999999"])
        {
            var fault = OneFault((name, value));
            fault.Name.ShouldBe(name);
            fault.Sentence.ShouldContain($"{name} is ");
            fault.Sentence.ShouldContain($"from {number.Min} to {number.Max}");
        }
    }

    [Theory]
    [InlineData("1e3")]
    [InlineData(" 5000")]
    [InlineData("5000 ")]
    [InlineData("+5000")]
    [InlineData("5_000")]
    [InlineData("5,000")]
    [InlineData("5000.0")]
    [InlineData("0x1388")]
    [InlineData("5s")]
    [InlineData("٥٠٠٠")]
    public void Numbers_are_strict(string value) =>
        OneFault(("RUN_LEASE_MS", value)).Name.ShouldBe("RUN_LEASE_MS");

    [Theory]
    [MemberData(nameof(BooleanNames))]
    public void A_boolean_has_its_default_and_takes_four_words(string name)
    {
        var boolean = Booleans.Single(candidate => candidate.Name == name);

        boolean.Read(Good()).ShouldBe(boolean.Default);
        foreach (
            var (yes, no) in ((string, string)[])
                [("true", "false"), ("TRUE", "FALSE"), ("True", "False"), ("1", "0")]
        )
        {
            boolean.Read(Good((name, yes))).ShouldBeTrue(yes);
            boolean.Read(Good((name, no))).ShouldBeFalse(no);
        }

        foreach (var value in (string[])["yes", "on", "2", " true"])
        {
            OneFault((name, value))
                .Sentence.ShouldBe($"{name} is neither yes nor no; it must be true, false, 1 or 0.");
        }
    }

    [Fact]
    public void The_other_defaults_are_as_documented()
    {
        var settings = Good();

        settings.IsDevelopment.ShouldBeFalse();
        settings.Database.Display.ShouldBe("mana@localhost:5432/mana_sync");
        settings.Llm.Url.ShouldBe(new Uri("http://localhost:3020"));
        settings.Llm.Model.ShouldBeNull();
        settings.Llm.Temperature.ShouldBe(0.3);
        settings.Llm.Mode.ShouldBe(PlannerMode.Auto);
        settings.Llm.OwnKey.ShouldBeNull();
        settings.Schedule.DefaultTimeZone.ShouldBe("Europe/Berlin");
        settings.Schedule.MissedRuns.ShouldBe(MissedRuns.Once);
        settings.Later.ShouldBe(
            new LaterSettings
            {
                PrivateKeyPem = null,
                ApiUrl = null,
                ResearchUrl = null,
            }
        );
    }

    [Fact]
    public void An_empty_value_counts_as_not_set() =>
        Good(("PORT", ""), ("MANA_LLM_KEY", "")).Edge.Port.ShouldBe(3066);

    [Fact]
    public void Words_choose_among_few()
    {
        Good(("PLANNER_MODE", "auto")).Llm.Mode.ShouldBe(PlannerMode.Auto);
        Good(("PLANNER_MODE", "json")).Llm.Mode.ShouldBe(PlannerMode.Json);
        Good(("PLANNER_MODE", "tools")).Llm.Mode.ShouldBe(PlannerMode.Tools);
        Good(("MISSED_RUNS", "once")).Schedule.MissedRuns.ShouldBe(MissedRuns.Once);
        Good(("MISSED_RUNS", "skip")).Schedule.MissedRuns.ShouldBe(MissedRuns.Skip);
        Good(("DEFAULT_TIME_ZONE", "Pacific/Chatham")).Schedule.DefaultTimeZone.ShouldBe("Pacific/Chatham");
        Good(("MANA_LLM_MODEL", "mana/reasoning")).Llm.Model.ShouldBe("mana/reasoning");
    }

    [Theory]
    [InlineData("PLANNER_MODE", "native", "auto or json or tools")]
    [InlineData("MISSED_RUNS", "twice", "once or skip")]
    [InlineData("DOTNET_ENVIRONMENT", "Staging", "Production or Development")]
    [InlineData("MANA_LLM_TEMPERATURE", "2.01", "from 0 to 2")]
    [InlineData("MANA_LLM_TEMPERATURE", "-0.1", "from 0 to 2")]
    [InlineData("MANA_LLM_TEMPERATURE", "0,3", "from 0 to 2")]
    [InlineData("MANA_LLM_TEMPERATURE", "NaN", "from 0 to 2")]
    [InlineData("DEFAULT_TIME_ZONE", "Berlin", "Europe/Berlin")]
    [InlineData("DEFAULT_TIME_ZONE", "europe/berlin", "Europe/Berlin")]
    [InlineData("DEFAULT_TIME_ZONE", "UTC+02:00", "Europe/Berlin")]
    [InlineData("MANA_LLM_MODEL", "gpt 4", "without spaces")]
    [InlineData("MANA_LLM_KEY", "schlüssel", "visible ASCII")]
    [InlineData("MANA_LLM_URL", "localhost:3020", "http:// or https://")]
    [InlineData("MANA_LLM_URL", "ftp://localhost", "http:// or https://")]
    [InlineData("MANA_LLM_URL", "http://localhost?x=1", "without user")]
    [InlineData("MANA_API_URL", "nonsense", "http:// or https://")]
    [InlineData("MANA_RESEARCH_URL", "//host", "http:// or https://")]
    [InlineData(
        "MANA_AI_PRIVATE_KEY_PEM",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "PKCS#8"
    )]
    [InlineData("SYNC_DATABASE_URL", "mysql://localhost/x", "postgresql://")]
    public void A_wrong_value_is_named_with_what_would_be_right(string name, string value, string wish)
    {
        var fault = OneFault((name, value));

        fault.Name.ShouldBe(name);
        fault.Sentence.ShouldStartWith($"{name} ");
        fault.Sentence.ShouldContain(wish);
    }

    [Fact]
    public void Temperature_takes_both_bounds()
    {
        Good(("MANA_LLM_TEMPERATURE", "0")).Llm.Temperature.ShouldBe(0);
        Good(("MANA_LLM_TEMPERATURE", "2")).Llm.Temperature.ShouldBe(2);
        Good(("MANA_LLM_TEMPERATURE", "0.75")).Llm.Temperature.ShouldBe(0.75);
    }

    [Fact]
    public void An_address_loses_the_slash_at_its_end_and_keeps_its_path() =>
        Good(("MANA_LLM_URL", "https://llm.example/base/"))
            .Llm.Url.ShouldBe(new Uri("https://llm.example/base"));

    [Fact]
    public void All_faults_are_listed_at_once()
    {
        var faults = Faults(
            ("PORT", "0"),
            ("MANA_SERVICE_KEY", null),
            ("SYNC_DATABASE_URL", "nonsense"),
            ("MANA_LLM_URL", "nonsense"),
            ("TICK_ENABLED", "perhaps"),
            ("RUN_LEASE_MS", "500"),
            ("DEFAULT_TIME_ZONE", "Mars/Olympus")
        );

        faults
            .Select(fault => fault.Name)
            .ShouldBe(
                [
                    "MANA_SERVICE_KEY",
                    "SYNC_DATABASE_URL",
                    "TICK_ENABLED",
                    "MANA_LLM_URL",
                    "RUN_LEASE_MS",
                    "DEFAULT_TIME_ZONE",
                    "PORT",
                ],
                ignoreOrder: true
            );
        faults.ShouldContain(fault =>
            fault.Sentence
            == "RUN_LEASE_MS is 500; it must be whole milliseconds from 2000 to 3600000, or one slow query loses a paid answer."
        );
    }

    [Fact]
    public void Production_wants_a_key_of_its_own()
    {
        OneFault(("MANA_SERVICE_KEY", null)).Sentence.ShouldContain("openssl rand -hex 32");
        OneFault(("MANA_SERVICE_KEY", "dev-service-key")).Sentence.ShouldContain("must be secret");
        OneFault(("MANA_SERVICE_KEY", $"{Key},dev-service-key")).Name.ShouldBe("MANA_SERVICE_KEY");
        OneFault(("MANA_SERVICE_KEY", Key[..31])).Sentence.ShouldContain("openssl rand -hex 32");
        OneFault(("MANA_SERVICE_KEY", $"{Key},{Key[..31]}"))
            .Sentence.ShouldContain("fewer than 32 characters");
        Good(("MANA_SERVICE_KEY", Key[..32])).Edge.ServiceKeys.Count.ShouldBe(1);
        OneFault(("MANA_SERVICE_KEY", $"{Key},,")).Sentence.ShouldContain("empty key");
        OneFault(("MANA_SERVICE_KEY", "two words")).Sentence.ShouldContain("without spaces");
    }

    [Fact]
    public void Development_has_a_key_that_everyone_knows()
    {
        var settings = Good(("DOTNET_ENVIRONMENT", "development"), ("MANA_SERVICE_KEY", null));

        settings.IsDevelopment.ShouldBeTrue();
        settings.Edge.ServiceKeys.Select(key => key.Reveal()).ShouldBe(["dev-service-key"]);
    }

    [Fact]
    public void Several_keys_hold_at_once_and_the_llm_may_have_its_own()
    {
        var settings = Good(("MANA_SERVICE_KEY", $"new-{Key}, old-{Key}"), ("MANA_LLM_KEY", "llm-key"));

        settings.Edge.ServiceKeys.Select(key => key.Reveal()).ShouldBe([$"new-{Key}", $"old-{Key}"]);
        settings.Llm.OwnKey!.Reveal().ShouldBe("llm-key");
    }

    [Fact]
    public void A_private_key_may_be_written_with_escaped_line_breaks()
    {
        using var rsa = RSA.Create(2048);
        var pem = rsa.ExportPkcs8PrivateKeyPem();

        var escaped = pem.Replace("\n", "\\n", StringComparison.Ordinal);
        Good(("MANA_AI_PRIVATE_KEY_PEM", escaped)).Later.PrivateKeyPem!.Reveal().ShouldBe(pem);
        Good(("MANA_AI_PRIVATE_KEY_PEM", pem)).Later.PrivateKeyPem!.Reveal().ShouldBe(pem);
        OneFault(("MANA_AI_PRIVATE_KEY_PEM", rsa.ExportRSAPrivateKeyPem())).Sentence.ShouldContain("PKCS#8");
    }

    [Fact]
    public void No_secret_is_repeated_in_a_fault()
    {
        const string canary = "hunter2canary";
        string[] values =
        [
            canary,
            $"postgresql://u:{canary}@host:port/db",
            $"postgresql://u:{canary}?x@host/db",
            $"postgresql://u:p/{canary}@host/db",
            $"postgresql://u@host/db?{canary}=1",
            $"postgresql://u@host/db?sslmode={canary}",
            $"postgresql://u:%zz{canary}@host/db",
            $"http://u:{canary}@host",
            $"http://host/?key={canary}",
            $"{canary} {canary}",
        ];
        var names = Numbers.Select(number => number.Name).Concat(Booleans.Select(boolean => boolean.Name));
        string[] others =
        [
            "SYNC_DATABASE_URL",
            "MANA_LLM_URL",
            "MANA_API_URL",
            "MANA_RESEARCH_URL",
            "MANA_LLM_KEY",
            "MANA_LLM_MODEL",
            "MANA_LLM_TEMPERATURE",
            "PLANNER_MODE",
            "MISSED_RUNS",
            "DEFAULT_TIME_ZONE",
            "DOTNET_ENVIRONMENT",
            "MANA_AI_PRIVATE_KEY_PEM",
        ];

        foreach (var value in values)
        {
            var faults = Faults([.. names.Concat(others).Select(name => (name, (string?)value))]);
            faults.Count.ShouldBeGreaterThan(Numbers.Length);
            faults.ShouldAllBe(fault => !fault.Sentence.Contains("canary", StringComparison.Ordinal));
            // Not both at once, since only one of the two is read then.
            OneFault(("MANA_SERVICE_KEY", $"{value} x")).Sentence.ShouldNotContain("canary");
            OneFault(("MANA_SERVICE_KEY", null), ("MANA_SERVICE_KEY_FILE", value))
                .Sentence.ShouldNotContain("canary");
        }
    }

    [Fact]
    public void Settings_can_be_printed_without_their_secrets()
    {
        var settings = Good(
            ("SYNC_DATABASE_URL", "postgresql://u:hunter2@host/db"),
            ("MANA_LLM_KEY", "llm-canary")
        );

        var text = settings.ToString();

        text.ShouldContain("u@host:5432/db");
        text.ShouldNotContain("hunter2");
        text.ShouldNotContain("llm-canary");
        text.ShouldNotContain(Key);
    }

    private static long Ms(TimeSpan span) => (long)span.TotalMilliseconds;

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private sealed record NumberSetting(
        string Name,
        long Default,
        long Min,
        long Max,
        Func<ServiceSettings, long> Read
    );
}
