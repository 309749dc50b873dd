using ManaAi.Actors;
using ManaAi.Actors.Cluster;
using ManaAi.Actors.Database;
using ManaAi.Actors.Ticking;
using ManaAi.Host;
using ManaAi.Host.Internal;
using ManaAi.Host.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ManaAi.Tests.Internal;

/// <summary>The real host on a real port, with scripted actors behind it.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    public const string Key = "first-key-0123456789abcdef0123456789";
    public const string OldKey = "second-key-0123456789abcdef0123456789";

    private readonly WebApplication _app;

    private RunningHost(WebApplication app, ScriptedActors actors)
    {
        _app = app;
        Actors = actors;
        var port = new Uri(app.Urls.Single().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        Address = new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", port).Uri;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address };
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public ScriptedActors Actors { get; }

    public Metrics Metrics => _app.Services.GetRequiredService<Metrics>();

    public TimeSpan ShutdownTimeout => Option<HostOptions>().ShutdownTimeout;

    public static async Task<RunningHost> StartAsync(params (string Name, string Value)[] changes)
    {
        var environment = new Dictionary<string, string?>
        {
            ["MANA_SERVICE_KEY"] = $"{Key},{OldKey}",
            ["SYNC_DATABASE_URL"] = "postgresql://reader:db-canary@db.example/mana_sync",
            ["MANA_LLM_KEY"] = "llm-canary",
        };
        foreach (var (name, value) in changes)
        {
            environment[name] = value;
        }

        var settings = SettingsReader
            .Read(environment)
            .ShouldBeOfType<SettingsResult<ServiceSettings>.Ok>()
            .Settings;
        var actors = new ScriptedActors();
        var app = ServiceHost.Build(
            settings with
            {
                Edge = settings.Edge with { Port = 0 },
            },
            services =>
            {
                services.AddSingleton<ITickCoordinator>(actors);
                services.AddSingleton<IReadinessCheck>(actors);
                services.AddSingleton<IStatusReader>(actors);
                services.AddLogging(logging => logging.ClearProviders());
            }
        );
        await app.StartAsync();
        return new RunningHost(app, actors);
    }

    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string? key = null,
        HttpContent? content = null
    )
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        if (key is not null)
        {
            request.Headers.Add("X-Service-Key", key);
        }

        return Http.SendAsync(request);
    }

    public TOptions Option<TOptions>()
        where TOptions : class => _app.Services.GetRequiredService<IOptions<TOptions>>().Value;

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>Answers as the test says. The defaults are those of an idle, healthy node.</summary>
internal sealed class ScriptedActors : ITickCoordinator, IReadinessCheck, IStatusReader
{
    public static DateTimeOffset ScannedAt { get; } = new(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero);

    public Func<CancellationToken, Task<TickReport>> OnTick { get; set; } =
        _ => Task.FromResult(new TickReport(ScannedAt, 0, 0, 0, 0, []));

    public Func<Task<Readiness>> OnCheck { get; set; } = () => Task.FromResult(Readiness.Ready);

    public TickStatus Status { get; set; } = new(true, "idle", null, null, []);

    public LedgerStatus? Ledger { get; set; } =
        new(3, [new("planned", null, 5), new("skipped", "budget", 2)], new LlmStatusView("closed", []))
        {
            Nodes =
            [
                new("node-7", "1.2.3", "host-a:3066")
                {
                    Plans = 2,
                    StartedAt = ScannedAt,
                    HeartbeatAt = ScannedAt,
                },
                new("node-6", "1.2.2", "host-b:3066") { GoneAt = ScannedAt },
            ],
        };

    public string NodeId => "node-7";

    public int TicksAsked { get; private set; }

    public Task<TickReport> RunTickAsync(CancellationToken cancellationToken)
    {
        TicksAsked++;
        return OnTick(cancellationToken);
    }

    public Task<Readiness> CheckAsync(CancellationToken cancellationToken) => OnCheck();

    public Task<LedgerStatus?> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(Ledger);
}
