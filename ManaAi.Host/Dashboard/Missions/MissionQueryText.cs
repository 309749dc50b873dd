using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Dashboard.Missions;

/// <summary>What the list of missions is asked for, as it stands in the address. It reads as the endpoint of /internal does.</summary>
/// <param name="Show">Empty, active, paused, done, archived, deleted, due or failing.</param>
public sealed record MissionQueryText(
    string? User,
    string? Agent,
    string? Show,
    string? Cursor,
    string? Limit
)
{
    public static IReadOnlyList<string> Shows { get; } =
    ["active", "due", "failing", "paused", "done", "archived", "deleted"];

    public static MissionQueryText Of(IQueryCollection query) =>
        new(
            query.Text("user"),
            query.Text("agent"),
            query.Text("show"),
            query.Text("cursor"),
            query.Text("limit")
        );

    public static MissionQueryText Of(IFormCollection form) =>
        new(form.Text("user"), form.Text("agent"), form.Text("show"), null, null);

    /// <summary>Nothing narrows it: all missions that there are.</summary>
    public bool IsAll => User is null && Agent is null && Show is null;

    internal MissionQuery Asked =>
        new(
            User,
            Show is "due" or "failing" ? null : Show,
            Show is "due" ? "true" : null,
            Show is "failing" ? "true" : null,
            Agent,
            Cursor,
            Limit
        );

    /// <summary>The command that lists the same.</summary>
    public string Command =>
        CommandText.Of([
            "missions",
            "--user",
            User,
            "--agent",
            Agent,
            "--state",
            Show is "due" or "failing" ? null : Show,
            .. Show is "due" or "failing" ? [$"--{Show}"] : Array.Empty<string>(),
        ]);

    public string Path(string below = "", string? cursor = null) =>
        $"{DashboardEndpoints.Root}/missions{below}"
        + QueryText.Of(
            ("user", User),
            ("agent", Agent),
            ("show", Show),
            ("limit", Limit),
            ("cursor", cursor)
        );
}
