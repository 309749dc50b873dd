using ManaAi.Actors.Cluster;

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
internal sealed record LedgerStatus(long OpenOccurrences, IReadOnlyList<VerdictSum> Verdicts)
{
    /// <summary>All nodes that the last week knew, the living first.</summary>
    public IReadOnlyList<NodeState> Nodes { get; init; } = [];
}

/// <param name="Reason">Why, for skipped and failed; null for the others.</param>
internal sealed record VerdictSum(string Verdict, string? Reason, long Count);
