namespace ManaAi.Bench.Chaos;

/// <summary>What may go wrong.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL, then a new process in its place.</summary>
    Kill,

    /// <summary>SIGSTOP for longer than a lease, then SIGCONT: the node does not know that it was away.</summary>
    Pause,

    /// <summary>SIGTERM: it hands back what it holds, then a new process in its place.</summary>
    Drain,

    /// <summary>SIGTERM for a node of the older version, then one of this version in its place.</summary>
    Upgrade,

    /// <summary>PostgreSQL ends all connections, stops and starts again.</summary>
    RestartFast,

    /// <summary>PostgreSQL dies as by a power cut, and recovers from its log.</summary>
    RestartImmediate,

    /// <summary>All connections of one node are ended.</summary>
    CutConnections,

    /// <summary>mana-llm takes seconds for each answer.</summary>
    LlmSlow,

    /// <summary>mana-llm never answers.</summary>
    LlmHangs,

    /// <summary>mana-llm answers 503.</summary>
    LlmFails,

    /// <summary>mana-llm answers 429 to a few calls.</summary>
    LlmRefuses,
}

/// <param name="At">Since the faults began.</param>
/// <param name="Node">Whom it meets; null where it meets all.</param>
/// <param name="Length">How long it lasts; for a kill how long nobody stands in its place.</param>
internal sealed record Fault(int Number, TimeSpan At, FaultKind Kind, int? Node, TimeSpan Length)
{
    public override string ToString()
    {
        var whom = Node is { } node ? $"node {node}" : "";
        return $"{Number, 4} {At.TotalSeconds, 7:0.0} s  {Kind, -16} {whom, -6} {Length.TotalSeconds:0.0} s";
    }
}
