using ManaAi.Actors.Cluster;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Host.Internal;

/// <summary>The ledger's sums for the status page; null while the database is away.</summary>
internal sealed class LedgerStatusReader(
    RunLedger ledger,
    LlmGate llm,
    NodeList nodes,
    NodeId node,
    TimeProvider time
) : IStatusReader
{
    // The sums look at every run that is kept. Where that takes long, they are not to keep the database busy for whoever
    // watches them: told anew after so many times as long.
    private const int Rest = 20;

    private static readonly TimeSpan TakesLong = TimeSpan.FromMilliseconds(100);

    private Sums? _sums;

    public string NodeId => node.Value;

    public async Task<LedgerStatus?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var sums = await ReadSumsAsync(cancellationToken);
            var reading = await llm.ReadAsync(cancellationToken);
            return new LedgerStatus(
                sums.Where(sum => sum.Verdict == "open").Sum(sum => sum.Count),
                [.. sums.Where(sum => sum.Verdict != "open")],
                LlmStatusView.Of(reading)
            )
            {
                Nodes = await nodes.ReadAsync(cancellationToken),
            };
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<VerdictSum>> ReadSumsAsync(CancellationToken cancellationToken)
    {
        if (_sums is { } kept && kept.Took >= TakesLong && time.GetElapsedTime(kept.At) < kept.Took * Rest)
        {
            return kept.All;
        }

        var began = time.GetTimestamp();
        var all = (await ledger.SumVerdictsAsync(cancellationToken))
            .Select(sum => new VerdictSum(sum.Verdict, sum.Reason, sum.Count))
            .ToList();
        _sums = new Sums(all, time.GetTimestamp(), time.GetElapsedTime(began));
        return all;
    }

    private sealed record Sums(IReadOnlyList<VerdictSum> All, long At, TimeSpan Took);
}
