using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Dashboard.Runs;

/// <summary>What the list of runs is asked for, as it stands in the address; without a word it is what is under way.</summary>
public sealed record RunQueryText(string State, string? User, string? Mission, string? Reason, string? Cursor)
{
    public const int RowsMax = 100;

    public const string Open = "open";
    public const string All = "all";

    public static IReadOnlyList<string> States { get; } =
    [Open, "planned", "empty", "failed", "skipped", "superseded", All];

    public static RunQueryText Of(IQueryCollection query) =>
        new(
            query.Text("state") ?? Open,
            query.Text("user"),
            query.Text("mission"),
            query.Text("reason"),
            query.Text("cursor")
        );

    public string Command =>
        CommandText.Of(
            "runs",
            "--user",
            User,
            "--mission",
            Mission,
            "--state",
            State == All ? null : State,
            "--reason",
            Reason
        );

    public string Path(string? state = null, string? cursor = null) =>
        $"{DashboardEndpoints.Root}/runs"
        + QueryText.Of(
            ("state", state ?? State),
            ("user", User),
            ("mission", Mission),
            ("reason", state is null ? Reason : null),
            ("cursor", cursor)
        );

    internal RunFilter FilterOf(Inputs inputs, long? before)
    {
        var state = inputs.Word("state", State, States);
        return new RunFilter
        {
            UserId = inputs.Id("user", User),
            MissionId = inputs.Id("mission", Mission),
            IsOpen = state is Open,
            Verdict = state is Open or All ? null : state,
            Reason = inputs.Text("reason", Reason),
            Before = before,
        };
    }
}
