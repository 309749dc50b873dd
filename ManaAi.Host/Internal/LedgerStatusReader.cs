using ManaAi.Actors.Cluster;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Host.Internal;

/// <summary>The ledger's sums for the status page; null while the database is away.</summary>
internal sealed class LedgerStatusReader(RunLedger ledger, LlmGate llm, NodeList nodes, NodeId node)
    : IStatusReader
{
    public string NodeId => node.Value;

    public async Task<LedgerStatus?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var sums = await ledger.SumVerdictsAsync(cancellationToken);
            var reading = await llm.ReadAsync(cancellationToken);
            return new LedgerStatus(
                sums.Where(sum => sum.Verdict == "open").Sum(sum => sum.Count),
                [
                    .. sums.Where(sum => sum.Verdict != "open")
                        .Select(sum => new VerdictSum(sum.Verdict, sum.Reason, sum.Count)),
                ],
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
}
