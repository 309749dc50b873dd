using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary>
/// An OpenAI-compatible server that is no model: it makes valid plans from a hash of the prompt, and misbehaves
/// when it is told to. Over real HTTP, for demos, tests and benchmarks.
/// </summary>
internal sealed class LlmStubServer : IAsyncDisposable
{
    private const int RequestBytesMax = 8 * 1024 * 1024;

    private readonly WebApplication _app;
    private readonly StubRules _rules = new();
    private readonly CancellationTokenSource _stopping = new();

    private LlmStubServer(IPEndPoint endPoint, TimeProvider time)
    {
        // The empty builder: no settings of the environment or of the service reach the stand-in.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, endPoint));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
        _app = builder.Build();
        new StubEndpoints(_rules, Calls, time, _stopping.Token).Map(_app);
    }

    /// <summary>Where it listens; the base URL of an <c>LlmClient</c>.</summary>
    public Uri Address => new(_app.Urls.Single());

    public StubCalls Calls { get; } = new();

    /// <param name="endPoint">Any free port of this machine, unless it is said.</param>
    public static async Task<LlmStubServer> StartAsync(
        IPEndPoint? endPoint = null,
        TimeProvider? time = null,
        CancellationToken cancellationToken = default
    )
    {
        var server = new LlmStubServer(endPoint ?? new(IPAddress.Loopback, 0), time ?? TimeProvider.System);
        try
        {
            await server._app.StartAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>From the next call on; replaces what was said before. Without arguments: well.</summary>
    public void Behave(params IEnumerable<StubBehaviour> behaviours) => _rules.Set(behaviours);

    /// <summary>Ends every call, also those that hang, and lets go of the port.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private static void Configure(KestrelServerOptions kestrel, IPEndPoint endPoint)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = RequestBytesMax;
        // Slow on purpose must not look broken: Kestrel would end a drip that is below its own least rate.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(endPoint);
    }

    // Whoever starts the server decides about signals: in a test it must not swallow Ctrl-C.
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
