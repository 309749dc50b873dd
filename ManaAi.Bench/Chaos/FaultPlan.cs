namespace ManaAi.Bench.Chaos;

/// <summary>
/// What goes wrong, when and for whom: a function of the seed alone. What it meets there depends on real time.
/// </summary>
internal static class FaultPlan
{
    /// <summary>How often each happens in a minute. Ten minutes hold over 200 kills, 100 pauses and 50 restarts.</summary>
    public static IReadOnlyList<(FaultKind Kind, double PerMinute)> Rates { get; } =
    [
        (FaultKind.Kill, 22),
        (FaultKind.Pause, 11),
        (FaultKind.Drain, 1.5),
        (FaultKind.RestartFast, 3.5),
        (FaultKind.RestartImmediate, 2.5),
        (FaultKind.CutConnections, 3),
        (FaultKind.LlmSlow, 1),
        (FaultKind.LlmHangs, 0.5),
        (FaultKind.LlmFails, 0.5),
        (FaultKind.LlmRefuses, 0.5),
    ];

    /// <summary>
    /// Each kind so often as its rate says, in an order that the seed shuffles, each in a slot of its own: so many faults
    /// crowd and leave gaps, but never all at once.
    /// </summary>
    /// <param name="only">Nothing but these kinds; empty allows all.</param>
    public static IReadOnlyList<Fault> Draw(
        int seed,
        TimeSpan duration,
        int nodes,
        TimeSpan lease,
        IReadOnlyCollection<FaultKind> only
    )
    {
        var random = new Random(seed);
        var kinds = Rates
            .Where(rate => only.Count == 0 || only.Contains(rate.Kind))
            .SelectMany(rate =>
                Enumerable.Repeat(rate.Kind, (int)Math.Ceiling(rate.PerMinute * duration.TotalMinutes))
            )
            .ToArray();
        random.Shuffle(kinds);
        var slot = duration / Math.Max(1, kinds.Length);
        return
        [
            .. kinds.Select(
                (kind, index) =>
                    new Fault(
                        index + 1,
                        slot * (index + random.NextDouble()),
                        kind,
                        IsOfNode(kind) ? random.Next(nodes) : null,
                        Length(kind, lease, random)
                    )
            ),
        ];
    }

    /// <summary>
    /// One node of the newer version, which brings the schema to its own; for most of the time it works beside the older
    /// ones; then those follow, one after the other.
    /// </summary>
    public static IReadOnlyList<Fault> WithUpgrades(
        IReadOnlyList<Fault> faults,
        TimeSpan duration,
        int nodes
    ) =>
        [
            .. Enumerable
                .Range(0, nodes)
                .Select(node => new Fault(
                    0,
                    duration * (node == 0 ? 0.15 : 0.7 + (0.2 * node / nodes)),
                    FaultKind.Upgrade,
                    node,
                    TimeSpan.Zero
                ))
                .Concat(faults)
                .OrderBy(fault => fault.At)
                .Select((fault, index) => fault with { Number = index + 1 }),
        ];

    private static bool IsOfNode(FaultKind kind) =>
        kind is FaultKind.Kill or FaultKind.Pause or FaultKind.Drain or FaultKind.CutConnections;

    private static TimeSpan Length(FaultKind kind, TimeSpan lease, Random random) =>
        kind switch
        {
            // Beyond the lease, and often beyond a second one.
            FaultKind.Pause => lease * (1.1 + random.NextDouble()),
            FaultKind.Kill or FaultKind.Drain => TimeSpan.FromMilliseconds(random.Next(500)),
            FaultKind.LlmSlow or FaultKind.LlmHangs or FaultKind.LlmFails or FaultKind.LlmRefuses =>
                TimeSpan.FromMilliseconds(random.Next(1000, 4000)),
            _ => TimeSpan.Zero,
        };
}
