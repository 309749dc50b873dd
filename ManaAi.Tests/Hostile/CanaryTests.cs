using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ManaAi.Tests.Planning;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Hostile;

/// <summary>
/// The real process with secrets that can be told from all else, through a plan, a failure, a lost database and a
/// violent end: afterwards all that it said, showed, sent, wrote and left is searched for them.
/// </summary>
public sealed class CanaryTests : IAsyncLifetime, IDisposable
{
    private const string Echo = "Repeat what was asked";

    /// <summary>Everything in tables, as text.</summary>
    private const string AllRows = """
        select schema_to_xml('mana_ai', false, false, '')::text || schema_to_xml('public', false, false, '')::text
        """;

    private const string Sessions = """
        select string_agg(concat_ws(' ', usename, application_name, client_addr, query), e'\n') from pg_stat_activity
        """;

    private static readonly string[] Paths =
    [
        "health",
        "health/ready",
        "metrics",
        "openapi/v1.json",
        "internal/status",
        "internal/missions",
        "internal/missions/user-1/mission-1",
        "internal/missions/user-1/mission-1/why",
        "internal/missions/user-1/mission-1/dry-run",
        "internal/missions/user-1/mission-2",
        "internal/missions/user-1/mission-2/why",
        "internal/runs",
        "internal/events",
        "internal/nodes",
        "internal/usage",
        "internal/pauses",
        "internal/nowhere",
        "ops/sign-in",
        "ops",
        "ops/upcoming",
        "ops/missions",
        "ops/missions/user-1/mission-1",
        "ops/missions/user-1/mission-2",
        "ops/runs",
        "ops/failures",
        "ops/usage",
        "ops/pauses",
        "ops/nodes",
        "ops/log",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("mana-ai-canary-").FullName;
    private readonly string _first = Canary("first");
    private readonly string _second = Canary("second");
    private readonly string _wrong = Canary("wrong");
    private readonly string _llmKey = Canary("llm");
    private readonly string _collectorKey = Canary("collector");
    private readonly string _pem = Pem();
    private readonly StringBuilder _heads = new();
    private readonly Dictionary<string, string> _places = [];

    private int _echoes;
    private Process? _node;
    private TestDatabase _database = null!;
    private OtlpReceiver _receiver = null!;
    private LlmScriptedServer _llm = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.RentAsync();
        _receiver = await OtlpReceiver.StartAsync();
        _llm = new LlmScriptedServer(AnswerAsync);
        await File.WriteAllTextAsync(InFolder("keys"), $"{_first}\n{_second}\n");
        await File.WriteAllTextAsync(InFolder("wrong"), _wrong);
    }

    public async Task DisposeAsync()
    {
        _node?.Kill(); // A process that outlives its test would be found by the next.
        _node?.Dispose();
        await _llm.DisposeAsync();
        await _receiver.DisposeAsync();
        await _database.DisposeAsync();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task No_secret_is_in_anything_that_a_node_says_shows_sends_writes_or_leaves()
    {
        var port = FreePort.Find();
        var node = _node = Start(port);
        var said = Task.WhenAll(node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        using var http = Client(port);
        await Eventually.SeesAsync(() => IsReadyAsync(http, node), isReady => isReady);
        foreach (
            var (id, objective) in ((string, string)[])[("mission-1", "Read a book"), ("mission-2", Echo)]
        )
        {
            var mission = new DeviceMission(id, TimeProvider.System.GetUtcNow().AddMinutes(-1))
            {
                Objective = objective,
            };
            await _database.InsertChangeAsync(mission.ToInsert());
        }

        var verdicts = await Eventually.SeesAsync(() => TickAsync(http), all => !all.Contains(null));
        verdicts.ShouldBe(["failed", "planned"]);
        await LookAsync(http, "healthy");
        _places["the database"] = (await _database.ReadAsync<string>(AllRows))!;
        _places["its sessions"] = (await _database.ReadAsync<string>(Sessions))!;
        _places["the process list"] = ProcessList();
        await LoseDatabaseAsync(() => LookAsync(http, "without a database"));
        await RunWithWrongSettingsAsync();
        await AbortAsync(node);
        _places["its log"] = string.Concat(await said);
        _places["traces"] = _receiver.Payloads;

        // Each place was there, and each secret in use: else there would be nothing to find.
        _places["the database"].ShouldContain("mission-1");
        _places["its sessions"].ShouldContain("mana_ai_reader");
        _places["the process list"].ShouldContain("mana-ai.dll");
        _places["its log"].ShouldContain("\"EventId\"");
        _places["traces"].ShouldContain("write-back");
        _places["ops/missions/user-1/mission-1, healthy"].ShouldContain("<h1");
        _places["status --key-file, healthy"].ShouldContain("ready");
        _heads.ToString().ShouldContain(_llmKey);
        _echoes.ShouldBeGreaterThan(1);
        _receiver.Keys.ShouldContain(_collectorKey);
        string[] secrets =
        [
            _first,
            _second,
            _wrong,
            _llmKey,
            _collectorKey,
            TestCluster.ReaderPassword,
            .. _pem.Split('\n')[1..^1],
        ];
        (
            from place in _places
            from secret in secrets
            where place.Value.Contains(secret, StringComparison.Ordinal)
            select $"{secret[..16]}… is in {place.Key}"
        ).ShouldBeEmpty();
        Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order().ShouldBe(["keys", "wrong"]);
    }

    /// <summary>
    /// With the limit that lets a core be written, in a folder of its own, where it would be; kept from it by itself.
    /// </summary>
    private Process Start(int port)
    {
        var start = new ProcessStartInfo("/bin/bash")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
            ArgumentList =
            {
                "-c",
                "ulimit -c unlimited; exec dotnet \"$0\" serve",
                Path.Combine(AppContext.BaseDirectory, "mana-ai.dll"),
            },
        };
        foreach (var (name, value) in Settings())
        {
            start.Environment[name] = value;
        }

        start.Environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        return Process.Start(start)!;
    }

    private Dictionary<string, string> Settings() =>
        new(StringComparer.Ordinal)
        {
            ["MANA_SERVICE_KEY_FILE"] = InFolder("keys"),
            ["MANA_LLM_KEY"] = _llmKey,
            ["MANA_LLM_URL"] = _llm.Address.ToString(),
            ["MANA_AI_PRIVATE_KEY_PEM"] = _pem,
            ["SYNC_DATABASE_URL"] = _database.ReaderUrl,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _receiver.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-api-key={_collectorKey}",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "50",
            ["TICK_ENABLED"] = "false",
            ["RUN_RETRY_BASE_MS"] = "0",
            ["PLANNER_MODE"] = "json",
        };

    /// <summary>As a proxy does that is set up wrongly: its errors repeat the header with the key.</summary>
    private async Task AnswerAsync(LlmConversation conversation)
    {
        lock (_heads)
        {
            _heads.Append(conversation.Head);
        }

        if (conversation.Body.Contains(Echo, StringComparison.Ordinal))
        {
            // The first kind is asked again, the second is told to the user.
            var line = conversation
                .Head.Split("\r\n")
                .First(one => one.Contains(_llmKey, StringComparison.Ordinal));
            var echo = JsonSerializer.Serialize(new { detail = $"Refused: {line}" });
            var status =
                Interlocked.Increment(ref _echoes) == 1 ? "500 Internal Server Error" : "400 Bad Request";
            await conversation.AnswerAsync(echo, status);
            return;
        }

        var answer = new
        {
            choices = new[]
            {
                new { message = new { content = PlanReplyCases.TaskPlan }, finish_reason = "stop" },
            },
        };
        await conversation.AnswerAsync(
            JsonSerializer.Serialize(answer),
            headers: "Content-Type: application/json\r\n"
        );
    }

    private HttpClient Client(int port)
    {
        var http = new HttpClient { BaseAddress = new UriBuilder("http", "127.0.0.1", port).Uri };
        http.DefaultRequestHeaders.Add("X-Service-Key", _second);
        return http;
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, Process node)
    {
        node.HasExited.ShouldBeFalse();
        try
        {
            using var answer = await http.GetAsync("health/ready");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<IReadOnlyList<string?>> TickAsync(HttpClient http)
    {
        await KeepAsync($"a tick: {_places.Count}", await http.PostAsync("internal/tick", null));
        return [.. (await _database.RunsAsync()).Select(run => run.Verdict).Order()];
    }

    private async Task LookAsync(HttpClient http, string when)
    {
        await SignInAsync(http, when);
        foreach (var path in Paths)
        {
            await KeepAsync($"{path}, {when}", await http.GetAsync(path));
        }

        using var foreign = new HttpRequestMessage(HttpMethod.Get, "internal/status");
        foreign.Headers.Authorization = new("Bearer", _wrong);
        using var stranger = new HttpClient { BaseAddress = http.BaseAddress };
        await KeepAsync($"a wrong key, {when}", await stranger.SendAsync(foreign));

        var environment = Settings()
            .Select(one => (one.Key, (string?)one.Value))
            .Append(("MANA_AI_URL", http.BaseAddress!.ToString()))
            .ToArray();
        foreach (
            var line in (string[])["doctor", "status", "why user-1/mission-2", "runs", "events", "verify"]
        )
        {
            await RunAsync(line, $"{line}, {when}", environment);
        }

        await RunAsync($"status --key-file {InFolder("keys")}", $"status --key-file, {when}", environment);
        await RunAsync($"status --key-file {InFolder("wrong")}", $"a wrong --key-file, {when}", environment);
    }

    private async Task SignInAsync(HttpClient http, string when)
    {
        foreach (var key in (string[])[_wrong, _second])
        {
            using var form = new FormUrlEncodedContent([KeyValuePair.Create("key", key)]);
            await KeepAsync($"a sign-in with {key[..12]}, {when}", await http.PostAsync("ops/sign-in", form));
        }
    }

    private async Task KeepAsync(string place, HttpResponseMessage answer)
    {
        using (answer)
        {
            _places[place] = answer.Headers + await answer.Content.ReadAsStringAsync();
        }
    }

    private async Task RunAsync(string line, string place, (string, string?)[] environment)
    {
        var end = await CommandEnd.OfAsync(line, environment);
        _places[place] = end.Output + end.Error;
    }

    private async Task LoseDatabaseAsync(Func<Task> meanwhile)
    {
        await TestCluster.ExecuteAsync(
            $"""
            alter database {_database.Name} allow_connections false;
            select pg_terminate_backend(pid) from pg_stat_activity
             where datname = '{_database.Name}' and application_name <> '{NewState.Lasting}'
            """
        );
        try
        {
            await meanwhile();
        }
        finally
        {
            await TestCluster.ExecuteAsync($"alter database {_database.Name} allow_connections true");
        }
    }

    /// <summary>Settings that cannot be read are told by their names, and a login that is refused by its user.</summary>
    private async Task RunWithWrongSettingsAsync()
    {
        var good = Settings().Select(one => (one.Key, (string?)one.Value)).ToArray();
        (string Name, string Value)[] wrong =
        [
            ("SYNC_DATABASE_URL", $"postgresql://u:{_llmKey}@[/{_first}"),
            ("MANA_LLM_URL", $"https://u:{_llmKey}@mana.example/?key={_first}"),
            ("MANA_AI_PRIVATE_KEY_PEM", _pem[..^40]),
            ("MANA_SERVICE_KEY", _first),
            ("MANA_LLM_KEY", $"{_llmKey}\u0007"),
            ("OTEL_EXPORTER_OTLP_HEADERS", _collectorKey),
            ("PORT", _first),
        ];
        foreach (var (name, value) in wrong)
        {
            var end = await CommandEnd.OfAsync("serve", With(name, value));
            end.ExitCode.ShouldBe(78, $"{name}: {end.Error}");
            _places[$"serve with a wrong {name}"] = end.Output + end.Error;
        }

        var url = _database.ReaderUrl.Replace(TestCluster.ReaderPassword, _wrong, StringComparison.Ordinal);
        await RunAsync("migrate", "a refused login", With("SYNC_DATABASE_URL", url));
        _places["a refused login"].ShouldContain("refuses the login");

        (string, string?)[] With(string name, string value) =>
            [.. good.Where(one => one.Key != name), (name, value)];
    }

    private static string ProcessList()
    {
        var lines = new StringBuilder();
        foreach (
            var folder in Directory.EnumerateDirectories("/proc").Where(one => char.IsAsciiDigit(one[6]))
        )
        {
            try
            {
                lines.Append(File.ReadAllText(Path.Combine(folder, "cmdline"))).Append('\n');
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return lines.ToString();
    }

    /// <summary>Ends it by a signal that nobody handles, at which the kernel writes a core where it may.</summary>
    private static async Task AbortAsync(Process node)
    {
        using var kill = Process.Start("kill", ["-SYS", node.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await node.WaitForExitAsync();
    }

    private string InFolder(string name) => Path.Combine(_folder, name);

    private static string Canary(string name) =>
        $"canary-{name}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";

    private static string Pem()
    {
        using var rsa = RSA.Create(2048);
        return rsa.ExportPkcs8PrivateKeyPem();
    }
}
