using System.Net.Http.Json;
using System.Text.Json;

namespace ManaAi.Bench.Chaos;

/// <summary>The stand-in for mana-llm, in a process of its own that nothing happens to: it counts what is paid.</summary>
internal sealed class Llm : IDisposable
{
    // Long enough that what happens to a node happens during a call.
    private const int UsualDelayMs = 500;

    private readonly ServiceProcess _process;
    private readonly HttpClient _http;

    private Llm(ServiceProcess process, Uri address)
    {
        _process = process;
        Address = address;
        _http = new HttpClient { BaseAddress = address };
    }

    public Uri Address { get; }

    public static async Task<Llm> StartAsync(
        ChaosOptions options,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var port = $"{options.FirstPort + options.Nodes}";
        var process = ServiceProcess.Start(
            options.Service,
            ["llm-stub", "--port", port],
            new Dictionary<string, string>(StringComparer.Ordinal),
            Path.Combine(options.Folder, "llm-stub.log")
        );
        var llm = new Llm(process, new Uri($"http://127.0.0.1:{port}"));
        while (!await llm.IsAnsweringAsync(cancellationToken))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException("llm-stub ended at its start; see llm-stub.log");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }

        await llm.BehaveAsync(null, cancellationToken);
        return llm;
    }

    /// <param name="fault">Null: well, after the usual delay.</param>
    public async Task BehaveAsync(FaultKind? fault, CancellationToken cancellationToken)
    {
        object usual = new { delayMs = UsualDelayMs };
        object[] behaviours = fault switch
        {
            FaultKind.LlmSlow => [new { delayMs = 2500 }],
            FaultKind.LlmHangs => [new { hang = "before-headers" }],
            FaultKind.LlmFails => [new { status = 503 }],
            FaultKind.LlmRefuses =>
            [
                new
                {
                    status = 429,
                    retryAfter = "1",
                    times = 5,
                },
                usual,
            ],
            _ => [usual],
        };
        using var answer = await _http.PostAsJsonAsync("control", behaviours, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>How many calls came in.</summary>
    public async Task<int> CountCallsAsync(CancellationToken cancellationToken)
    {
        var calls = await _http.GetFromJsonAsync<JsonElement>("control/calls", cancellationToken);
        return calls.GetProperty("total").GetInt32();
    }

    public void Dispose()
    {
        _http.Dispose();
        _process.Dispose();
    }

    private async Task<bool> IsAnsweringAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.GetAsync("health", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
