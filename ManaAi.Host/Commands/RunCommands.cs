using System.CommandLine;
using System.Globalization;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>The run ledger: a page of it, or one run with what happened to it.</summary>
internal static class RunCommands
{
    public static Command CreateList(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("runs", "Lists runs, the newest first.", environment);
        var user = NodeArguments.Text("--user", "Only runs of this user.", "user");
        var mission = NodeArguments.Text("--mission", "Only runs of missions with this id.", "mission");
        var state = NodeArguments.Text("--state", "Only open ones, or those that ended like this.", "state");
        state.AcceptOnlyFromAmong("open", "planned", "empty", "failed", "skipped", "superseded");
        var reason = NodeArguments.Text(
            "--reason",
            "Only failed or skipped ones with this reason.",
            "reason"
        );
        var (limit, cursor) = (NodeArguments.Limit(), NodeArguments.Cursor());
        foreach (var option in (Option[])[user, mission, state, reason, limit, cursor])
        {
            node.Command.Add(option);
        }

        node.Sends<RunPageView>(
            parsed => new NodeRequest(
                HttpMethod.Get,
                NodeArguments.WithQuery(
                    "/internal/runs",
                    ("user", parsed.GetValue(user)),
                    ("mission", parsed.GetValue(mission)),
                    ("state", parsed.GetValue(state)),
                    ("reason", parsed.GetValue(reason)),
                    ("limit", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture)),
                    ("cursor", parsed.GetValue(cursor))
                )
            ),
            NodeArguments.Patience,
            (page, output, error) =>
            {
                RunText.WriteRuns(output, page.Runs);
                NodeArguments.TellMore(error, page.NextCursor);
                return ExitCodes.Ok;
            }
        );
        return node.Command.WithExamples(
            "mana-ai runs --state open",
            "mana-ai runs --state failed --reason llm-unavailable",
            "mana-ai runs --user user-1 --mission mission-1 -o json"
        );
    }

    public static Command CreateOne(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("run", "Shows one run and what happened to it.", environment);
        var run = NodeArguments.Run();
        node.Command.Add(run);
        node.Sends<RunView>(
            parsed => new NodeRequest(
                HttpMethod.Get,
                string.Create(CultureInfo.InvariantCulture, $"/internal/runs/{parsed.GetValue(run)}")
            ),
            NodeArguments.Patience,
            (view, output, _) =>
            {
                Write(view.Run, output);
                output.WriteLine();
                foreach (var one in view.Events)
                {
                    output.WriteLine(RunText.Line(one));
                }

                return ExitCodes.Ok;
            }
        );
        return node.Command.WithExamples("mana-ai run 4711", "mana-ai run 4711 -o json");
    }

    private static void Write(LedgerRunView view, TextWriter output)
    {
        var run = view.Run;
        Table.Write(
            output,
            ("run", run.RunId),
            ("mission", $"{view.UserId}/{view.MissionId}"),
            ("kind", run.RetryOf is { } failed ? $"{run.Kind}, repeats run {failed}" : run.Kind),
            ("due", RunText.Instant(run.DueAt)),
            ("state", RunText.StateOf(run)),
            ("detail", run.Detail ?? "none"),
            ("last error", run.LastError ?? "none"),
            ("attempts", run.Attempts),
            ("calls", $"{run.Calls}, {run.CallsMs} ms"),
            ("model", run.Model ?? "none"),
            ("tokens", $"{run.PromptTokens} in, {run.CompletionTokens} out"),
            ("node", run.Owner ?? "none"),
            ("claimed at", run.ClaimedAt is { } claimedAt ? RunText.Instant(claimedAt) : "never"),
            ("closed at", run.ClosedAt is { } closedAt ? RunText.Instant(closedAt) : "open"),
            ("iteration", run.IterationId?.ToString() ?? "none")
        );
    }
}
