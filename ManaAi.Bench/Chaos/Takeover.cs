namespace ManaAi.Bench.Chaos;

/// <summary>A node that was killed, and when.</summary>
internal sealed record NodeDeath(string NodeId, DateTimeOffset At);

/// <summary>A run that a killed node held, until another claimed it with a higher epoch.</summary>
internal sealed record Takeover(long RunId, NodeDeath Death, TimeSpan Took)
{
    /// <summary>Of each run that was held at a kill and was claimed again. One that was closed meanwhile is none.</summary>
    /// <param name="events">Of all runs, those of each in their order.</param>
    public static IReadOnlyList<Takeover> Measure(
        IEnumerable<RunEvent> events,
        IReadOnlyCollection<NodeDeath> deaths
    ) =>
        [
            .. from run in events.GroupBy(one => one.RunId)
            let story = run.ToArray()
            from index in Enumerable.Range(0, story.Length)
            where story[index].IsClaim
            let next = Array.FindIndex(story, index + 1, one => one.IsClaim || one.IsRelease)
            where next >= 0 && story[next].Kind == "taken-over"
            let death = deaths.FirstOrDefault(death =>
                death.NodeId == story[index].Node && death.At >= story[index].At && death.At <= story[next].At
            )
            where death is not null
            select new Takeover(story[index].RunId, death, story[next].At - death.At),
        ];

    /// <returns>The value that the given share of the takeovers does not exceed; zero where there is none.</returns>
    public static TimeSpan Percentile(IEnumerable<Takeover> takeovers, double share)
    {
        var sorted = takeovers.Select(one => one.Took).Order().ToArray();
        return sorted.Length == 0 ? TimeSpan.Zero : sorted[(int)Math.Ceiling(share * sorted.Length) - 1];
    }
}
