using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace ManaAi.Tests.Support;

/// <summary>The real Prometheus of Debian's package, scraping one node every second.</summary>
internal sealed class Prometheus : IAsyncDisposable
{
    private const string Package = "prometheus";

    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly HttpClient _http;

    private Prometheus(Process process, DirectoryInfo folder, int port)
    {
        (_process, _folder) = (process, folder);
        _http = new HttpClient { BaseAddress = new UriBuilder("http", "127.0.0.1", port).Uri };
    }

    /// <summary>The tool that knows Prometheus' formats.</summary>
    public static string ToolPath =>
        InstalledProgram.Find("promtool", Package, "the metrics page and the alerts are right");

    public static async Task<Prometheus> StartAsync(Uri node)
    {
        var folder = Directory.CreateTempSubdirectory("mana-prometheus-");
        var configuration = Path.Combine(folder.FullName, "prometheus.yml");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            global:
              scrape_interval: 1s
            scrape_configs:
              - job_name: mana-ai
                static_configs:
                  - targets: ["{node.Authority}"]
            """
        );
        var port = FreePort.Find();
        var process = Process.Start(
            new ProcessStartInfo(
                InstalledProgram.Find("prometheus", Package, "Prometheus takes what a node says"),
                [
                    $"--config.file={configuration}",
                    $"--storage.tsdb.path={Path.Combine(folder.FullName, "data")}",
                    string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"),
                    "--log.level=error",
                ]
            )
        )!;
        var prometheus = new Prometheus(process, folder, port);
        await Eventually.SeesAsync(prometheus.IsReadyAsync, isReady => isReady);
        return prometheus;
    }

    /// <summary>A query's one value; null where it has none yet.</summary>
    public async Task<double?> QueryAsync(string query)
    {
        var answer = await _http.GetFromJsonAsync<JsonElement>(
            $"api/v1/query?query={Uri.EscapeDataString(query)}"
        );
        var found = answer.GetProperty("data").GetProperty("result").EnumerateArray().ToArray();
        return found is [var one]
            ? double.Parse(one.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture)
            : null;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> IsReadyAsync()
    {
        Assert.False(_process.HasExited, "prometheus ended at its start");
        try
        {
            using var answer = await _http.GetAsync("-/ready");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
