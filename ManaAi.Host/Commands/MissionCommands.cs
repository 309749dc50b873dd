using System.CommandLine;
using System.Globalization;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>Missions: a page of them, or one with its schedule, its fields and its runs.</summary>
internal static class MissionCommands
{
    private static readonly Column[] ListColumns =
    [
        new("user"),
        new("mission"),
        new("state"),
        new("next run"),
        new("agent"),
        new("last run"),
        new("now"),
    ];

    private static readonly Column[] FieldColumns =
    [
        new("field"),
        new("written at"),
        new("by"),
        new("client"),
        new("in the log at"),
    ];

    public static Command CreateList(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("missions", "Lists missions.", environment);
        var user = NodeArguments.Text("--user", "Only missions of this user.", "user");
        var state = NodeArguments.Text("--state", "Only missions in this state.", "state");
        state.AcceptOnlyFromAmong("active", "paused", "done", "archived", "deleted");
        var agent = NodeArguments.Text("--agent", "Only missions of this agent.", "agent");
        var due = new Option<bool>("--due")
        {
            Description = "Only those that are due, the longest waiting first.",
        };
        var failing = new Option<bool>("--failing")
        {
            Description = "Only those whose last planned run failed.",
        };
        var (limit, cursor) = (NodeArguments.Limit(), NodeArguments.Cursor());
        foreach (var option in (Option[])[user, state, agent, due, failing, limit, cursor])
        {
            node.Command.Add(option);
        }

        node.Sends<MissionPageView>(
            parsed => new NodeRequest(
                HttpMethod.Get,
                NodeArguments.WithQuery(
                    "/internal/missions",
                    ("user", parsed.GetValue(user)),
                    ("state", parsed.GetValue(state)),
                    ("agent", parsed.GetValue(agent)),
                    ("due", parsed.GetValue(due) ? "true" : null),
                    ("failing", parsed.GetValue(failing) ? "true" : null),
                    ("limit", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture)),
                    ("cursor", parsed.GetValue(cursor))
                )
            ),
            NodeArguments.Patience,
            WriteList
        );
        return node.Command.WithExamples(
            "mana-ai missions --due",
            "mana-ai missions --failing --user user-1",
            "mana-ai missions --state paused --limit 1000 -o json"
        );
    }

    public static Command CreateOne(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand(
            "mission",
            "Shows one mission: its schedule, who wrote its fields, and its last runs.",
            environment
        );
        var mission = NodeArguments.Mission();
        node.Command.Add(mission);
        node.Sends<MissionView>(
            parsed => new NodeRequest(
                HttpMethod.Get,
                NodeArguments.MissionPath(parsed.GetRequiredValue(mission))
            ),
            NodeArguments.Patience,
            WriteOne
        );
        return node.Command.WithExamples(
            "mana-ai mission user-1/mission-1",
            "mana-ai mission user-1/mission-1 -o json"
        );
    }

    private static int WriteList(MissionPageView page, TextWriter output, TextWriter error)
    {
        Columns.Write(
            output,
            ListColumns,
            page.Missions.Select(mission =>
                (string[])
                    [
                        mission.UserId,
                        mission.MissionId,
                        mission.Deleted ? "deleted" : mission.State ?? "",
                        mission.NextRunAt ?? "",
                        mission.AgentId ?? "",
                        RunText.Ended(mission.LastVerdict, mission.LastReason),
                        mission switch
                        {
                            { Obstacle: { } obstacle } => obstacle,
                            { Claimed: true } => "under way",
                            { OpenRunId: { } open } => string.Create(
                                CultureInfo.InvariantCulture,
                                $"run {open} waits"
                            ),
                            _ => "",
                        },
                    ]
            )
        );
        NodeArguments.TellMore(error, page.NextCursor);
        return ExitCodes.Ok;
    }

    private static int WriteOne(MissionView mission, TextWriter output, TextWriter error)
    {
        Table.Write(
            output,
            ("mission", $"{mission.UserId}/{mission.MissionId}"),
            ("state", mission.Deleted ? "deleted" : mission.State ?? "none"),
            ("next run", mission.NextRunAt ?? "none"),
            ("obstacle", mission.Obstacle ?? "none"),
            ("cadence", mission.Schedule?.Cadence ?? "none"),
            ("zone", mission.Schedule?.ZoneReason ?? "none"),
            ("runs to come", string.Join(", ", mission.Schedule?.NextRuns.Take(3) ?? []))
        );
        if (mission.Writers is { Count: > 0 } writers)
        {
            output.WriteLine();
            Columns.Write(
                output,
                FieldColumns,
                writers
                    .OrderBy(writer => writer.Key, StringComparer.Ordinal)
                    .Select(writer =>
                        (string[])
                            [
                                writer.Key,
                                writer.Value.At ?? "",
                                writer.Value.ActorKind ?? writer.Value.Origin ?? "",
                                writer.Value.ClientId ?? "",
                                RunText.Instant(writer.Value.CreatedAt),
                            ]
                    )
            );
        }

        if (mission.Runs.Count > 0)
        {
            output.WriteLine();
            RunText.WriteRuns(
                output,
                mission.Runs.Select(run => new LedgerRunView(mission.UserId, mission.MissionId, run))
            );
        }

        if (mission.SlowedDown is { } sentence)
        {
            error.WriteLine(Printable.Text(sentence));
        }

        return ExitCodes.Ok;
    }
}
