using ManaAi.Actors.Cluster;
using ManaAi.Actors.Runs;

namespace ManaAi.Host.Internal;

/// <summary>What the database knows for the status page.</summary>
internal interface IStatusReader
{
    /// <summary>The numbers of this moment; null where the database cannot be asked. It does not throw for that.</summary>
    Task<LedgerStatus?> ReadAsync(CancellationToken cancellationToken);

    /// <summary>This node's name among the nodes.</summary>
    string NodeId { get; }
}

/// <param name="OpenOccurrences">Occurrences without a verdict, over all nodes.</param>
/// <param name="Verdicts">How many were closed how, over all nodes.</param>
/// <param name="Llm">What keeps claims away from mana-llm, over all nodes.</param>
internal sealed record LedgerStatus(
    long OpenOccurrences,
    IReadOnlyList<VerdictSum> Verdicts,
    LlmStatusView Llm
)
{
    /// <summary>All nodes that the last week knew, the living first.</summary>
    public IReadOnlyList<NodeState> Nodes { get; init; } = [];
}

/// <param name="Breaker">closed, open or half-open.</param>
internal sealed record LlmStatusView(string Breaker, IReadOnlyList<LlmHoldView> Holds)
{
    public static LlmStatusView Of(GateReading reading) =>
        new(
            reading.BreakerWord,
            [
                .. reading.Entries.Select(entry => new LlmHoldView(
                    entry.Cause,
                    entry.Since,
                    Math.Max(0, Math.Round(entry.Wait.TotalMilliseconds)),
                    entry.Detail
                )),
            ]
        );
}

/// <param name="Cause">failures, authorization or rate-limit.</param>
/// <param name="WaitMs">How long nothing is let through; 0 where single calls ask.</param>
/// <param name="Detail">What was seen last; the model for rate-limit.</param>
internal sealed record LlmHoldView(string Cause, DateTimeOffset Since, double WaitMs, string Detail);

/// <param name="Reason">Why, for skipped and failed; null for the others.</param>
internal sealed record VerdictSum(string Verdict, string? Reason, long Count);
