using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ManaAi.Host;
using ManaAi.Host.Keys;
using ManaAi.Host.Settings;
using ManaAi.Tests.Internal;
using ManaAi.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ManaAi.Tests.Whole;

/// <summary>The whole service as it is started in production, on a free port.</summary>
internal sealed class WholeNode : IAsyncDisposable
{
    public const string Key = "a-key-of-the-tests-0123456789abcdef";

    private readonly WebApplication _app;
    private readonly HttpClient _http;

    private WholeNode(WebApplication app, KeptLines log)
    {
        _app = app;
        Log = log;
        var port = new Uri(app.Urls.Single().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        _http = new HttpClient
        {
            BaseAddress = new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", port).Uri,
            Timeout = TimeSpan.FromMinutes(1),
        };
        _http.DefaultRequestHeaders.Add("X-Service-Key", Key);
    }

    /// <summary>What it said.</summary>
    public KeptLines Log { get; }

    public Uri Address => _http.BaseAddress!;

    /// <summary>The keys that it accepts, to be changed as its file is.</summary>
    public ServiceKeys ServiceKeys => _app.Services.GetRequiredService<ServiceKeys>();

    public string NodeId => _app.Services.GetRequiredService<Actors.Runs.NodeId>().Value;

    /// <summary>Without a timer, waits between attempts, or patience when it stops, unless a setting says otherwise.</summary>
    public static Task<WholeNode> StartAsync(
        string databaseUrl,
        Uri llm,
        params IEnumerable<(string Name, string Value)> changes
    ) => StartAsync(databaseUrl, llm, TimeProvider.System, changes);

    /// <param name="time">The clock of the machine that it runs on.</param>
    public static async Task<WholeNode> StartAsync(
        string databaseUrl,
        Uri llm,
        TimeProvider time,
        IEnumerable<(string Name, string Value)> changes
    )
    {
        var environment = new Dictionary<string, string?>
        {
            ["MANA_SERVICE_KEY"] = Key,
            ["SYNC_DATABASE_URL"] = databaseUrl,
            ["MANA_LLM_URL"] = llm.ToString(),
            ["TICK_ENABLED"] = "false",
            ["RUN_RETRY_BASE_MS"] = "0",
            ["PLANNER_MODE"] = "json", // One call for a plan, which most tests count; those of tools mode say so.
            ["SHUTDOWN_GRACE_MS"] = "0",
        };
        foreach (var (name, value) in changes)
        {
            environment[name] = value;
        }

        var settings = SettingsReader
            .Read(environment)
            .ShouldBeOfType<SettingsResult<ServiceSettings>.Ok>()
            .Settings;
        settings = settings with { Edge = settings.Edge with { Port = 0 } };
        var log = new KeptLines();
        var app = ServiceHost.Build(
            settings,
            services =>
            {
                Composition.AddActors(services, settings);
                services.AddSingleton(time);
                services.AddLogging(logging => logging.ClearProviders().AddProvider(log));
            }
        );
        await app.StartAsync();
        return new WholeNode(app, log);
    }

    public async Task<HttpResponseMessage> SendTickAsync() =>
        await _http.PostAsync(new Uri("internal/tick", UriKind.Relative), null);

    public async Task<TickAnswer> TickAsync()
    {
        using var response = await SendTickAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (await response.Content.ReadFromJsonAsync<TickAnswer>())!;
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> ReadinessAsync()
    {
        using var response = await _http.GetAsync(new Uri("health/ready", UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    /// <summary>A GET with the service key.</summary>
    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(new Uri(path, UriKind.Relative));

    /// <summary>A request with the service key, unless there is another.</summary>
    /// <param name="json">The body; null sends none.</param>
    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string? json = null,
        string? key = Key
    )
    {
        var request = new HttpRequestMessage(method, new Uri(Address, path));
        if (json is not null)
        {
            request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        }

        var http = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
        if (key is not null)
        {
            request.Headers.Add("X-Service-Key", key);
        }

        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>What it answers, as JSON; the test fails where the status is another.</summary>
    public async Task<JsonElement> AskAsync(
        HttpMethod method,
        string path,
        string? json = null,
        HttpStatusCode status = HttpStatusCode.OK
    )
    {
        using var answer = await SendAsync(method, path, json);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(status, text);
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>How many ticks there have been.</summary>
    public Task<double> TicksAsync() => MetricAsync("mana_ai_ticks_total");

    /// <summary>A metric without labels, as the page shows it.</summary>
    public async Task<double> MetricAsync(string name) => (await PageAsync()).Value(name);

    /// <summary>All that it counts.</summary>
    public async Task<PrometheusPage> PageAsync() =>
        PrometheusPage.Parse(await _http.GetStringAsync(new Uri("metrics", UriKind.Relative)));

    /// <summary>What SIGTERM does.</summary>
    /// <param name="patience">Of whoever stops it; without an end where it is not given.</param>
    public Task StopAsync(CancellationToken patience = default) => _app.StopAsync(patience);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>What a manual tick answers.</summary>
internal sealed record TickAnswer(
    string ScannedAt,
    int DueMissionCount,
    int PlansProduced,
    int PlansWrittenBack,
    int ParseFailures,
    IReadOnlyList<string> Errors
)
{
    public (int Due, int Produced, int Written, int ParseFailures) Numbers =>
        (DueMissionCount, PlansProduced, PlansWrittenBack, ParseFailures);
}
