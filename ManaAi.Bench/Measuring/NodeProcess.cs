using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;

namespace ManaAi.Bench.Measuring;

/// <summary>The real service, as a process of its own.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    public const string Key = "a-key-of-the-bench-0123456789abcdef";

    /// <summary>The service's mana-ai.dll; the one beside this program where it is not set.</summary>
    private const string ServiceVariable = "MANA_BENCH_SERVICE";

    private static readonly TimeSpan StartMax = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly string _log;

    private NodeProcess(Process process, int port, string log)
    {
        (_process, _log) = (process, log);
        Address = new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", port).Uri;
        Http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(10) };
        Http.DefaultRequestHeaders.Add("X-Service-Key", Key);
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    /// <summary>The most that it ever had resident, in megabytes.</summary>
    public double PeakMegabytes => Megabytes("VmHWM");

    public double ResidentMegabytes => Megabytes("VmRSS");

    public static async Task<NodeProcess> StartNodeAsync(
        BenchDatabase database,
        Uri llm,
        CancellationToken cancellationToken,
        params (string Name, string Value)[] settings
    )
    {
        var port = FreePort();
        (string Name, string Value)[] environment =
        [
            ("PORT", port.ToString(CultureInfo.InvariantCulture)),
            ("SYNC_DATABASE_URL", database.ReaderUrl),
            ("MANA_SERVICE_KEY", Key),
            ("MANA_LLM_URL", llm.ToString()),
            ("TICK_ENABLED", "false"),
            // One call for each plan: what is measured is the service.
            ("PLANNER_MODE", "json"),
            .. settings,
        ];
        var log = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        // Its log goes to a file, as a service's does: to read it here would take of the processors that are measured.
        var start = new ProcessStartInfo("sh")
        {
            UseShellExecute = false,
            ArgumentList =
            {
                "-c",
                """exec dotnet "$0" serve > "$1" """,
                Environment.GetEnvironmentVariable(ServiceVariable)
                    ?? Path.Combine(AppContext.BaseDirectory, "mana-ai.dll"),
                log,
            },
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var node = new NodeProcess(Process.Start(start)!, port, log);
        await node.WaitAsync(cancellationToken);
        return node;
    }

    /// <summary>A tick by hand, as a caller has it: over HTTP, until its plans are written.</summary>
    public async Task<TickNumbers> TickAsync(CancellationToken cancellationToken)
    {
        using var answer = await Http.PostAsync(
            new Uri("internal/tick", UriKind.Relative),
            null,
            cancellationToken
        );
        answer.EnsureSuccessStatusCode();
        var numbers = (await answer.Content.ReadFromJsonAsync<TickNumbers>(cancellationToken))!;
        return numbers.Errors.Count == 0
            ? numbers
            : throw new InvalidOperationException(string.Join("; ", numbers.Errors));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(_log);
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartMax);
        while (true)
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri("health", UriKind.Relative), limit.Token);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
            }
        }
    }

    private double Megabytes(string name)
    {
        // Such as `VmRSS:     1234 kB`.
        var line = File.ReadLines($"/proc/{_process.Id}/status")
            .First(one => one.StartsWith($"{name}:", StringComparison.Ordinal));
        var kilobytes = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024.0;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>What a manual tick answers.</summary>
internal sealed record TickNumbers(int DueMissionCount, int PlansWrittenBack, IReadOnlyList<string> Errors);
