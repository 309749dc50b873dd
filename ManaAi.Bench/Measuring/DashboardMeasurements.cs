using System.Globalization;
using System.Net;

namespace ManaAi.Bench.Measuring;

/// <summary>How soon the dashboard's pages answer over a full ledger, and whether ticks mind that someone looks.</summary>
internal sealed class DashboardMeasurements(BenchDatabase database, Report report)
{
    public const long RunsDefault = 1_000_000;

    private const int Views = 21;
    private const int Rounds = 6;
    private const int TicksOfRound = 60;

    // Someone who reads quickly, beside a page that is updated by itself.
    private static readonly TimeSpan BetweenPages = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(long runs, CancellationToken cancellationToken)
    {
        await using var stub = await FixedLlm.StartAsync(TimeSpan.Zero, cancellationToken);
        await using (var first = await NodeProcess.StartNodeAsync(database, stub.Address, cancellationToken))
        {
            await first.TickAsync(cancellationToken); // From nothing to a full projection.
        }

        await database.FillLedgerAsync(runs, cancellationToken);
        await using var node = await NodeProcess.StartNodeAsync(database, stub.Address, cancellationToken);
        await node.TickAsync(cancellationToken);
        using var viewer = await Viewer.SignInAsync(node.Address, cancellationToken);
        var pages = await PagesAsync(cancellationToken);
        foreach (var (_, path) in pages)
        {
            await viewer.WarmAsync(path, cancellationToken);
        }

        await TicksAsync(node, viewer, pages, cancellationToken);
        foreach (var (name, path) in pages)
        {
            var kilobytes = 0.0;
            var view = await Sample.OfAsync(
                Views,
                async () => kilobytes = await viewer.OpenAsync(path, cancellationToken) / 1024.0
            );
            report.Add(
                $"{name}: `{path}`",
                $"{view} ms",
                kilobytes.ToString("0 'kB'", CultureInfo.InvariantCulture),
                "",
                "median at most 300 ms"
            );
        }
    }

    /// <summary>Rounds with and without a viewer by turns, so that both meet the same weather.</summary>
    private async Task TicksAsync(
        NodeProcess node,
        Viewer viewer,
        IReadOnlyList<(string Name, string Path)> pages,
        CancellationToken cancellationToken
    )
    {
        var (alone, watched) = (new Sample(), new Sample());
        await Sample.OfAsync(TicksOfRound, () => node.TickAsync(cancellationToken)); // Warm.
        for (var round = 0; round < Rounds; round++)
        {
            await MeasureTicksAsync(node, alone, cancellationToken);
            using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var viewing = viewer.WatchAsync(
                [.. pages.Select(page => page.Path)],
                BetweenPages,
                watching.Token
            );
            await MeasureTicksAsync(node, watched, cancellationToken);
            await watching.CancelAsync();
            await viewing;
        }

        report.Add("idle tick with a viewer", watched, "without", alone, "ratio about 1");
    }

    private static async Task MeasureTicksAsync(
        NodeProcess node,
        Sample sample,
        CancellationToken cancellationToken
    )
    {
        for (var tick = 0; tick < TicksOfRound; tick++)
        {
            await sample.AddAsync(() => node.TickAsync(cancellationToken));
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<(string Name, string Path)>> PagesAsync(
        CancellationToken cancellationToken
    )
    {
        var mission = await database.ReadAsync<string>(
            "select user_id || '/' || mission_id from mana_ai.missions order by user_id, mission_id offset 5000 limit 1",
            cancellationToken
        );
        var run = await database.ReadAsync<long>(
            "select max(run_id) - 7 from mana_ai.runs",
            cancellationToken
        );
        return
        [
            ("Overview", "/ops"),
            ("Upcoming", "/ops/upcoming"),
            ("Missions", "/ops/missions"),
            ("Missions, a thousand", "/ops/missions?limit=1000"),
            ("Missions, failing", "/ops/missions?show=failing"),
            ("Pausing many, preview", $"/ops/missions/pause?user={mission.Split('/')[0]}"),
            ("One mission", $"/ops/missions/{mission}"),
            ("Runs under way", "/ops/runs"),
            ("Runs, all", "/ops/runs?state=all"),
            ("One run", string.Create(CultureInfo.InvariantCulture, $"/ops/runs/{run}")),
            ("Failures", "/ops/failures"),
            ("Failures of a month", "/ops/failures?window=month"),
            ("Usage", "/ops/usage"),
            ("Usage of 90 days", "/ops/usage?days=90"),
            ("Nodes", "/ops/nodes"),
            ("Log health", "/ops/log"),
            ("Pauses", "/ops/pauses"),
        ];
    }
}

/// <summary>A browser without a screen: it signs in, and asks for pages.</summary>
internal sealed class Viewer : IDisposable
{
    private readonly HttpClient _http;

    private Viewer(HttpClient http) => _http = http;

    public static async Task<Viewer> SignInAsync(Uri node, CancellationToken cancellationToken)
    {
        var http = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer() })
        {
            BaseAddress = node,
        };
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("key", NodeProcess.Key)]);
        using var answer = await http.PostAsync(
            new Uri("ops/sign-in", UriKind.Relative),
            form,
            cancellationToken
        );
        answer.EnsureSuccessStatusCode();
        return new Viewer(http);
    }

    /// <returns>How many bytes the page has.</returns>
    public async Task<int> OpenAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadAsByteArrayAsync(cancellationToken)).Length;
    }

    /// <summary>Until what is counted beside the page is there.</summary>
    public async Task WarmAsync(string path, CancellationToken cancellationToken)
    {
        string page;
        do
        {
            page = await _http.GetStringAsync(new Uri(path, UriKind.Relative), cancellationToken);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
        } while (page.Contains("counted; this takes", StringComparison.Ordinal));
    }

    /// <summary>One page after the other, until it is told to stop.</summary>
    public async Task WatchAsync(
        IReadOnlyList<string> paths,
        TimeSpan between,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var turn = 0;
            while (!cancellationToken.IsCancellationRequested)
            {
                await OpenAsync(paths[turn++ % paths.Count], cancellationToken);
                await Task.Delay(between, TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // He has seen enough.
        }
    }

    public void Dispose() => _http.Dispose();
}
