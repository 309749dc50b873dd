using System.CommandLine;
using System.Text.Json;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>Stops claims for the whole service, a user or a mission, and lets them go on. Neither asks back.</summary>
internal static class PauseCommands
{
    private static readonly Column[] PauseColumns =
    [
        new("paused"),
        new("since"),
        new("until"),
        new("reason"),
    ];

    public static Command CreatePause(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand(
            "pause",
            "Pauses the whole service, a user or a mission; what is under way goes on.",
            environment
        );
        var scope = NodeArguments.Scope();
        var reason = new Option<string>("--reason")
        {
            Description = "For whoever asks why.",
            HelpName = "text",
            Required = true,
        };
        var until = NodeArguments.Text(
            "--until",
            "When it ends by itself; otherwise `resume` ends it.",
            "instant"
        );
        node.Command.Add(scope);
        node.Command.Add(reason);
        node.Command.Add(until);
        node.Sends<PauseView>(
            parsed => new NodeRequest(
                HttpMethod.Post,
                "/internal/pause",
                BodyOf(parsed.GetValue(scope), parsed.GetRequiredValue(reason), parsed.GetValue(until))
            ),
            NodeArguments.Patience,
            (pause, output, _) =>
            {
                Table.Write(
                    output,
                    ("paused", RunText.ScopeOf(pause.UserId, pause.MissionId)),
                    ("since", RunText.Instant(pause.PausedAt)),
                    ("until", pause.Until is { } end ? RunText.Instant(end) : "someone resumes"),
                    ("reason", pause.Reason)
                );
                return ExitCodes.Ok;
            }
        );
        return node.Command.WithExamples(
            "mana-ai pause --reason maintenance",
            "mana-ai pause user-1 --reason \"asked us to wait\" --until 2026-03-03T08:00:00Z",
            "mana-ai pause user-1/mission-1 --reason \"plans nonsense\""
        );
    }

    public static Command CreateResume(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("resume", "Ends a pause; what waited starts at once.", environment);
        var scope = NodeArguments.Scope();
        node.Command.Add(scope);
        node.Sends<ResumedView>(
            parsed => new NodeRequest(
                HttpMethod.Post,
                "/internal/resume",
                BodyOf(parsed.GetValue(scope), null, null)
            ),
            NodeArguments.Patience,
            (resumed, output, _) =>
            {
                Table.Write(output, ("resumed", RunText.ScopeOf(resumed.UserId, resumed.MissionId)));
                return ExitCodes.Ok;
            }
        );
        return node.Command.WithExamples("mana-ai resume", "mana-ai resume user-1/mission-1");
    }

    public static Command CreateList(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand(
            "pauses",
            "Lists what is paused, since when, until when and why.",
            environment
        );
        node.Sends<PausesView>(
            HttpMethod.Get,
            "/internal/pauses",
            NodeArguments.Patience,
            (view, output, error) =>
            {
                Columns.Write(
                    output,
                    PauseColumns,
                    view.Pauses.Select(pause =>
                        (string[])
                            [
                                RunText.ScopeOf(pause.UserId, pause.MissionId),
                                RunText.Instant(pause.PausedAt),
                                pause.Until is { } end ? RunText.Instant(end) : "someone resumes",
                                pause.Reason,
                            ]
                    )
                );
                if (view.Pauses.Count == 0)
                {
                    error.WriteLine("Nothing is paused.");
                }

                return ExitCodes.Ok;
            }
        );
        return node.Command.WithExamples("mana-ai pauses", "mana-ai pauses -o json");
    }

    private static string BodyOf(string? scope, string? reason, string? until)
    {
        var (user, mission) = scope is null ? (null, null) : NodeArguments.Split(scope);
        var members = ((string Name, string? Value)[])
            [("userId", user), ("missionId", mission), ("reason", reason), ("until", until)];
        return JsonSerializer.Serialize(
            members
                .Where(member => member.Value is not null)
                .ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal)
        );
    }
}
