namespace ManaAi.Host.Dashboard.Charts;

/// <summary>A line of a ranking.</summary>
public sealed record ChartShare(string Name, long Amount, long Calls, string? Href = null);
