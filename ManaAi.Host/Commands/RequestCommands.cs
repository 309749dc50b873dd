using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>What an operator asks of runs: one now, one again, or none.</summary>
internal static class RequestCommands
{
    public static Command CreateRunNow(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand(
            "run-now",
            "Runs a mission at once; a nextRunAt to come stays where it is.",
            environment
        );
        var mission = NodeArguments.Mission();
        var dryRun = new Option<bool>("--dry-run")
        {
            Description =
                "Only shows what would be asked: the prompt, the tools, an estimate of tokens, and the runs to come.",
        };
        node.Command.Add(mission);
        node.Command.Add(dryRun);
        node.Asks(
            NodeArguments.Patience,
            (client, parsed, cancellationToken) =>
            {
                var text = parsed.GetRequiredValue(mission);
                return parsed.GetValue(dryRun)
                    ? node.ShowAsync<DryRunView>(
                        client,
                        new NodeRequest(HttpMethod.Get, NodeArguments.MissionPath(text, "/dry-run")),
                        parsed,
                        DryRunText.Write,
                        cancellationToken
                    )
                    : node.ShowAsync<RunRequestView>(
                        client,
                        new NodeRequest(HttpMethod.Post, NodeArguments.MissionPath(text, "/run-now")),
                        parsed,
                        WriteAsked,
                        cancellationToken
                    );
            }
        );
        return node.Command.WithExamples(
            "mana-ai run-now user-1/mission-1",
            "mana-ai run-now user-1/mission-1 --dry-run"
        );
    }

    public static Command CreateRetry(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("retry", "Runs the mission of a failed run once more.", environment);
        var run = NodeArguments.Run();
        node.Command.Add(run);
        node.Sends<RunRequestView>(
            parsed => new NodeRequest(HttpMethod.Post, PathOf(parsed.GetValue(run), "retry")),
            NodeArguments.Patience,
            WriteAsked
        );
        return node.Command.WithExamples("mana-ai retry 4711");
    }

    public static Command CreateCancel(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand(
            "cancel",
            "Ends an open run unplanned; its schedule moves on.",
            environment
        );
        var run = NodeArguments.Run();
        var reason = NodeArguments.Text("--reason", "For the ledger and whoever asks why.", "text");
        node.Command.Add(run);
        node.Command.Add(reason);
        node.Sends<RunRequestView>(
            parsed => new NodeRequest(
                HttpMethod.Post,
                PathOf(parsed.GetValue(run), "cancel"),
                JsonSerializer.Serialize(new { reason = parsed.GetValue(reason) })
            ),
            NodeArguments.Patience,
            (asked, output, _) =>
            {
                Table.Write(output, ("cancelled", $"run {asked.RunId}"));
                return ExitCodes.Ok;
            }
        );
        return node.Command.WithExamples("mana-ai cancel 4711 --reason \"asked for by mistake\"");
    }

    private static string PathOf(long run, string request) =>
        string.Create(CultureInfo.InvariantCulture, $"/internal/runs/{run}/{request}");

    private static int WriteAsked(RunRequestView asked, TextWriter output, TextWriter error)
    {
        Table.Write(output, ("run", asked.RunId));
        if (!asked.IsNew)
        {
            error.WriteLine("It was open already, and has its turn first.");
        }

        return ExitCodes.Ok;
    }
}
