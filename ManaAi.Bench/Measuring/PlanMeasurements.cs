using System.Globalization;
using ManaAi.Actors.Runs;

namespace ManaAi.Bench.Measuring;

/// <summary>
/// Plans a second with an LLM that answers at once, and beside them the write-back transaction alone, in a loop on as
/// many connections as a node has. By turns, since a shared machine changes within minutes.
/// </summary>
internal sealed class PlanMeasurements(BenchDatabase database, DueMissions due, Report report)
{
    private const int Connections = 8; // A node's pool.
    private const int Turns = 3;

    // Large enough that the tick before it, and the last of it, weigh little: what is asked for is a rate.
    private const int Herd = 2400;

    // For each node.
    private const int WarmUp = 800;

    // Long enough for the rows to be folded before.
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(3);

    // What MAX_CONCURRENT_PLANS is where nothing is said; enough that planners are not what is short; and more nodes.
    private static readonly (int Nodes, int Plans)[] Ways = [(1, 8), (1, 100), (2, 8), (4, 8)];

    public async Task RunAsync(Uri llm, CancellationToken cancellationToken)
    {
        var yardsticks = new Yardsticks(database);
        await using var direct = await DirectNode.CreateAsync(database, cancellationToken);
        // The first time does not count: until what is called often is compiled for good, here as in the nodes.
        await MeasureYardsticksAsync(new Sample(), new Sample());
        var (own, bare) = (new Sample(), new Sample());
        await MeasureYardsticksAsync(own, bare);
        var rates = new List<Sample>();
        foreach (var (nodes, plans) in Ways)
        {
            rates.Add(await PlansAsync(llm, nodes, plans, cancellationToken));
            await MeasureYardsticksAsync(own, bare);
        }

        foreach (var ((nodes, plans), rate) in Ways.Zip(rates))
        {
            report.Add(
                $"plans a second, an LLM that answers at once: nodes {nodes}, MAX_CONCURRENT_PLANS={plans}",
                rate.ToString(),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the write-back alone, on {Connections} connections: {own}; its rows without a guard: {bare}"
                ),
                Report.Ratio(rate.Median, own.Median),
                nodes == 1 ? "at least 0.5" : ""
            );
        }

        async Task MeasureYardsticksAsync(Sample ofWriteBacks, Sample ofRows)
        {
            ofWriteBacks.Add(await WriteBacksAsync(direct, llm, cancellationToken));
            ofRows.Add(await yardsticks.WriteBacksAsync(Connections, Herd, cancellationToken));
        }
    }

    /// <returns>The service's own write-backs a second.</returns>
    private async Task<double> WriteBacksAsync(DirectNode node, Uri llm, CancellationToken cancellationToken)
    {
        await due.OpenAsync(Herd, llm, cancellationToken);
        var claims = new List<Claim>();
        while (claims.Count < Herd)
        {
            // A user who is said to be ready may turn out to have nothing.
            var round = await node.ClaimAsync(Herd - claims.Count, cancellationToken);
            claims.AddRange(round);
            if (round.Count == 0)
            {
                throw new InvalidOperationException($"{claims.Count} runs were claimed instead of {Herd}.");
            }
        }

        var all = await Sample.OfAsync(
            1,
            () =>
                Parallel.ForEachAsync(
                    claims,
                    new ParallelOptions
                    {
                        MaxDegreeOfParallelism = Connections,
                        CancellationToken = cancellationToken,
                    },
                    async (claim, cancel) => await node.WriteAsync(claim, cancel)
                )
        );
        return Herd * 1000 / all.Median;
    }

    private async Task<Sample> PlansAsync(Uri llm, int count, int plans, CancellationToken cancellationToken)
    {
        var nodes = new List<NodeProcess>();
        for (var node = 0; node < count; node++)
        {
            nodes.Add(
                await NodeProcess.StartNodeAsync(
                    database,
                    llm,
                    cancellationToken,
                    ("MAX_CONCURRENT_PLANS", plans.ToString(CultureInfo.InvariantCulture))
                )
            );
        }

        await PlanAsync(nodes, WarmUp * count, cancellationToken);
        var rates = new Sample();
        for (var turn = 0; turn < Turns; turn++)
        {
            rates.Add(Herd * 1000 / await PlanAsync(nodes, Herd, cancellationToken));
        }

        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        return rates;
    }

    /// <summary>Due by the time that passes, and planned by these nodes together.</summary>
    /// <returns>How long it took, in milliseconds.</returns>
    private async Task<double> PlanAsync(
        List<NodeProcess> nodes,
        int herd,
        CancellationToken cancellationToken
    )
    {
        var before = await PlannedAsync(cancellationToken);
        await due.DueSoonAsync(nodes[0], herd, Ahead, cancellationToken);
        var all = await Sample.OfAsync(
            1,
            async () =>
            {
                await Task.WhenAll(nodes.Select(node => node.TickAsync(cancellationToken)));
                while (await PlannedAsync(cancellationToken) < before + herd)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
                }
            }
        );
        return all.Median;
    }

    private Task<long> PlannedAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<long>(
            "select count(*) from mana_ai.runs where verdict in ('planned', 'empty')",
            cancellationToken
        );
}
