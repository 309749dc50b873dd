using System.Diagnostics;
using Npgsql;

namespace ManaAi.Bench.Chaos;

/// <summary>One run: nodes, stand-in and devices begin, the plan of faults is carried out, and the sums are drawn.</summary>
internal sealed class ChaosRun(ChaosOptions options, TextWriter output, TimeProvider time)
{
    private const int Users = 6;

    /// <summary>How long a node may take until it is ready, and how long everything until it has come to rest.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>A due mission that stands for so long has been seen by a tick, unless no node is left.</summary>
    private static readonly TimeSpan StoodFor = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    public async Task<ChaosResult> RunAsync(CancellationToken cancellationToken)
    {
        var plan = FaultPlan.Draw(options.Seed, options.Duration, options.Nodes, options.Lease, options.Only);
        if (options.OldService is not null)
        {
            plan = FaultPlan.WithUpgrades(plan, options.Duration, options.Nodes);
        }

        await WritePlanAsync(plan);

        await using var admin = NpgsqlDataSource.Create(options.Admin);
        using var llm = await Llm.StartAsync(options, time, cancellationToken);
        var nodes = Enumerable
            .Range(0, options.Nodes)
            .Select(number => new Node(number, options, llm.Address, time))
            .ToArray();
        try
        {
            return await RunAsync(plan, nodes, llm, admin, cancellationToken);
        }
        finally
        {
            Array.ForEach(nodes, node => node.Dispose());
        }
    }

    private async Task<ChaosResult> RunAsync(
        IReadOnlyList<Fault> plan,
        Node[] nodes,
        Llm llm,
        NpgsqlDataSource admin,
        CancellationToken cancellationToken
    )
    {
        var ledger = new Ledger(admin);
        var watch = new NodeWatch(ledger, options, time);
        var devices = Devices(admin);
        Array.ForEach(nodes, node => node.Start());
        foreach (var device in devices)
        {
            await device.BeginAsync(cancellationToken);
        }

        await UntilReadyAsync(nodes, cancellationToken);
        await SayAsync("all nodes are ready; the faults begin");

        using var injector = new Injector(options, nodes, llm, admin, time);
        using var isOver = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = watch.RunAsync(isOver.Token);
        var writing = Task.WhenAll(devices.Select(device => device.RunAsync(isOver.Token)));
        await injector.RunAsync(plan, cancellationToken);
        await isOver.CancelAsync();
        await Task.WhenAll(watching, writing);
        await SayAsync("the faults are over");

        var restingSince = time.GetTimestamp();
        await UntilReadyAsync(nodes, cancellationToken);
        var lastRound = await LastRoundAsync(devices, cancellationToken);
        var isQuiet = await UntilQuietAsync(ledger, cancellationToken);
        var quietAfter = time.GetElapsedTime(restingSince);

        var faults = injector.Records;
        var events = await ledger.ReadEventsAsync(cancellationToken);
        var deaths = Deaths(faults, watch);
        var takeovers = Takeover.Measure(events, deaths);
        var undisturbed = new Undisturbed(faults, options.Nodes, options.Lease);
        return new ChaosResult
        {
            Faults = faults,
            Surprises = [.. injector.Surprises, .. Died(nodes)],
            Devices = (
                devices.Sum(device => device.RowsWritten),
                devices.Sum(device => device.Late.Tried),
                devices.Sum(device => device.Late.Committed)
            ),
            Verdicts = await ledger.SumVerdictsAsync(cancellationToken),
            LastRound = (lastRound.Count, await CountLostAsync(ledger, lastRound, cancellationToken)),
            Unanswered = await ledger.FindUnansweredAsync(StoodFor, cancellationToken),
            Twice = await ledger.CountTwiceAsync(cancellationToken),
            OwnRows = await ledger.CountOwnRowsAsync(cancellationToken),
            Calls = CallAudit.Of(events),
            CallsPaid = await llm.CountCallsAsync(cancellationToken),
            MostCalls = await ledger.MostCallsAsync(cancellationToken),
            Takeovers = takeovers,
            Undisturbed = [.. takeovers.Where(one => undisturbed.IsAny(one.Death))],
            KillsWithPlans = takeovers.Select(one => one.Death).Distinct().Count(),
            Versions = options.OldService is null ? null : VersionShares.Of(events, faults, watch.IsOld),
            Logs = NodeLogs.Read(Directory.EnumerateFiles(options.Folder, "node-*.log")),
            QuietAfter = isQuiet ? quietAfter : null,
            Verify = await VerifyAsync(cancellationToken),
        };
    }

    private Device[] Devices(NpgsqlDataSource admin)
    {
        var log = new DeviceLog(admin, time);
        return
        [
            .. Enumerable
                .Range(1, Users)
                .Select(user => new Device(
                    $"user-{user}",
                    // Each its own chance, so that what one does is no matter of what another waits for.
                    new Random(unchecked((options.Seed * 1000) + user)),
                    log,
                    options,
                    time
                )),
        ];
    }

    private async Task UntilReadyAsync(Node[] nodes, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        foreach (var node in nodes)
        {
            while (!await IsReadyAsync(http, node, either.Token))
            {
                if (node.HasDied)
                {
                    throw new InvalidOperationException(
                        $"node {node.Number} ended by itself with {node.ExitCode}"
                    );
                }

                await Task.Delay(Look, time, either.Token);
            }
        }
    }

    private static async Task<bool> IsReadyAsync(
        HttpClient http,
        Node node,
        CancellationToken cancellationToken
    )
    {
        try
        {
            using var answer = await http.GetAsync(
                $"http://127.0.0.1:{node.Port}/health/ready",
                cancellationToken
            );
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception)
            when (exception is HttpRequestException
                || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            // Not there yet, or too slow to say so.
            return false;
        }
    }

    private static async Task<IReadOnlyList<(string, string, DateTimeOffset)>> LastRoundAsync(
        Device[] devices,
        CancellationToken cancellationToken
    )
    {
        var due = new List<(string, string, DateTimeOffset)>();
        foreach (var device in devices)
        {
            due.AddRange(await device.EndAsync(cancellationToken));
        }

        return due;
    }

    /// <summary>Nothing left to do for longer than a sweep takes to come round.</summary>
    private async Task<bool> UntilQuietAsync(Ledger ledger, CancellationToken cancellationToken)
    {
        var startedAt = time.GetTimestamp();
        var quietSince = startedAt;
        while (time.GetElapsedTime(startedAt) < Patience)
        {
            await Task.Delay(Look, time, cancellationToken);
            if (await ledger.CountLeftAsync(cancellationToken) > 0)
            {
                quietSince = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(quietSince) > TimeSpan.FromSeconds(8))
            {
                return true;
            }
        }

        return false;
    }

    private static NodeDeath[] Deaths(IReadOnlyList<FaultRecord> faults, NodeWatch watch) =>
        [
            .. from fault in faults
            where fault.Fault.Kind is FaultKind.Kill
            let nodeId = watch.NodeOf(fault.Node!.Value, fault.ProcessStartedAt!.Value, fault.At)
            where nodeId is not null
            select new NodeDeath(nodeId, fault.At),
        ];

    private static IEnumerable<string> Died(Node[] nodes) =>
        from node in nodes
        where node.HasDied
        select $"node {node.Number} ended by itself with {node.ExitCode}";

    private static async Task<int> CountLostAsync(
        Ledger ledger,
        IReadOnlyList<(string, string, DateTimeOffset)> due,
        CancellationToken cancellationToken
    )
    {
        var lost = 0;
        foreach (var occurrence in due)
        {
            lost += await ledger.HasVerdictAsync(occurrence, cancellationToken) ? 0 : 1;
        }

        return lost;
    }

    private async Task<(int, string)> VerifyAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            [options.Service, "verify", "--json", "--stale-after", "0"]
        )
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        start.Environment["SYNC_DATABASE_URL"] = options.ServiceUrl;
        start.Environment["LOG_MARGIN_MS"] = $"{(long)options.LogMargin.TotalMilliseconds}";
        using var verify =
            Process.Start(start) ?? throw new InvalidOperationException("verify did not start");
        var text = await verify.StandardOutput.ReadToEndAsync(cancellationToken);
        await verify.WaitForExitAsync(cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(options.Folder, "verify.json"), text, cancellationToken);
        return (verify.ExitCode, text);
    }

    private async Task WritePlanAsync(IReadOnlyList<Fault> plan)
    {
        await SayAsync($"seed {options.Seed}: {plan.Count} faults");
        foreach (var fault in plan)
        {
            await output.WriteLineAsync(fault.ToString());
        }
    }

    private async Task SayAsync(string what)
    {
        await output.WriteLineAsync($"{time.GetUtcNow():HH:mm:ss} {what}");
        await output.FlushAsync(CancellationToken.None);
    }
}
