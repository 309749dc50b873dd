namespace ManaAi.Bench.Chaos;

/// <summary>
/// Which takeovers tell how long a takeover takes: those in whose time PostgreSQL and mana-llm were well, and at least
/// one other node was there from the kill on.
/// </summary>
internal sealed class Undisturbed(IReadOnlyList<FaultRecord> faults, int nodes, TimeSpan lease)
{
    // A new process reads the log, proves its view of it and has its first claim.
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(4);

    // Pools and gates open again, breakers let the next probe through.
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(2);

    public bool IsAny(NodeDeath death)
    {
        var until = death.At + (lease * 1.5);
        var isWell = !faults.Any(one =>
            one.Node is null && one.At < until && one.Until + Recovery > death.At
        );
        return isWell && Enumerable.Range(0, nodes).Any(node => IsThere(node, death.At, until));
    }

    private bool IsThere(int node, DateTimeOffset from, DateTimeOffset until) =>
        !faults.Any(one => one.Node == node && one.At < until && one.Until + Start > from);
}
