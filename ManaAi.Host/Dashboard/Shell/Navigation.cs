namespace ManaAi.Host.Dashboard.Shell;

/// <param name="Key">With `g` before it: the way there by keyboard.</param>
/// <param name="TextKey">A key of the texts.</param>
internal sealed record Place(string Path, string Key, string TextKey);

/// <summary>The pages that are one step away from every page.</summary>
internal static class Navigation
{
    public static IReadOnlyList<Place> Places { get; } =
    [
        new(DashboardEndpoints.Root, "o", "nav.overview"),
        new($"{DashboardEndpoints.Root}/upcoming", "u", "nav.upcoming"),
        new($"{DashboardEndpoints.Root}/missions", "m", "nav.missions"),
        new($"{DashboardEndpoints.Root}/runs", "r", "nav.runs"),
        new($"{DashboardEndpoints.Root}/failures", "f", "nav.failures"),
        new($"{DashboardEndpoints.Root}/usage", "t", "nav.usage"),
        new($"{DashboardEndpoints.Root}/nodes", "n", "nav.nodes"),
        new($"{DashboardEndpoints.Root}/log", "l", "nav.log"),
        new($"{DashboardEndpoints.Root}/pauses", "s", "nav.pauses"),
    ];

    /// <summary>Also below it: one mission belongs to the missions.</summary>
    public static bool IsAt(Place place, string path) =>
        path == place.Path
        || (
            place.Path != DashboardEndpoints.Root
            && path.StartsWith($"{place.Path}/", StringComparison.Ordinal)
        );
}
