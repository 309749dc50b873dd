namespace ManaAi.Bench.Chaos;

/// <summary>How many occurrences the nodes of two versions ended, alone and while both were there.</summary>
internal sealed record VersionShares(int OldAlone, int OldBeside, int NewBeside, int NewAlone)
{
    /// <param name="isOld">Whether a node, by its id, was of the older version; given the upgrades.</param>
    public static VersionShares Of(
        IEnumerable<RunEvent> events,
        IEnumerable<FaultRecord> faults,
        Func<string, IEnumerable<FaultRecord>, bool> isOld
    )
    {
        var upgrades = faults
            .Where(one => one.Fault.Kind is FaultKind.Upgrade)
            .OrderBy(one => one.At)
            .ToArray();
        var (first, last) = (upgrades[0].Until, upgrades[^1].At);
        var ended = events
            .Where(one => one is { IsVerdict: true, Node: not null })
            .Select(one => (one.At, IsOld: isOld(one.Node!, upgrades)))
            .ToArray();
        return new VersionShares(
            ended.Count(one => one.IsOld && one.At < first),
            ended.Count(one => one.IsOld && one.At >= first),
            ended.Count(one => !one.IsOld && one.At <= last),
            ended.Count(one => !one.IsOld && one.At > last)
        );
    }
}
