using System.CommandLine;
using System.Globalization;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>What is going on, on one screen: nodes, open runs, and what happened last.</summary>
internal static class TopCommand
{
    private const int RunsShown = 12;
    private const int EventsShown = 12;

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand(
            "top",
            "Shows nodes, open runs and the last events on one screen, until it is ended; once off a terminal.",
            environment
        );
        node.Asks(
            NodeArguments.Patience,
            (client, parsed, cancellationToken) =>
                LiveScreen.ShowAsync(
                    parsed.InvocationConfiguration.Output,
                    !node.IsJson(parsed),
                    () => ShowAsync(node, client, parsed, cancellationToken),
                    cancellationToken
                )
        );
        return node.Command.WithExamples("mana-ai top", "MANA_AI_URL=http://node-2:3066 mana-ai top");
    }

    private static async Task<int> ShowAsync(
        NodeCommand node,
        NodeClient client,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        var status = await node.ShowAsync<StatusView>(
            client,
            new NodeRequest(HttpMethod.Get, "/internal/status"),
            parsed,
            WriteStatus,
            cancellationToken
        );
        if (status != ExitCodes.Ok)
        {
            return status;
        }

        var runs = await node.ShowAsync<RunPageView>(
            client,
            Request($"/internal/runs?state=open&limit={RunsShown}"),
            parsed,
            (page, output, _) =>
            {
                output.WriteLine();
                RunText.WriteRuns(output, page.Runs);
                return ExitCodes.Ok;
            },
            cancellationToken
        );
        return runs != ExitCodes.Ok
            ? runs
            : await node.ShowAsync<EventPageView>(
                client,
                Request($"/internal/events?limit={EventsShown}"),
                parsed,
                (page, output, _) =>
                {
                    output.WriteLine();
                    foreach (var one in page.Events.Reverse())
                    {
                        output.WriteLine(RunText.Line(one));
                    }

                    return ExitCodes.Ok;
                },
                cancellationToken
            );
    }

    private static NodeRequest Request(FormattableString path) =>
        new(HttpMethod.Get, path.ToString(CultureInfo.InvariantCulture));

    private static int WriteStatus(StatusView status, TextWriter output, TextWriter error)
    {
        Table.Write(
            output,
            ("ready", status.Readiness.Ready ? "yes" : "no"),
            ("tick", status.Tick.Enabled ? status.Tick.State : $"{status.Tick.State}, by hand only"),
            ("open occurrences", status.OpenOccurrences?.ToString(CultureInfo.InvariantCulture) ?? "unknown"),
            ("breaker for mana-llm", status.Llm?.Breaker ?? "unknown")
        );
        output.WriteLine();
        NodesCommand.Write(status.Nodes ?? [], output);
        foreach (var sentence in status.Readiness.Reasons.Concat(status.Readiness.Degraded))
        {
            error.WriteLine(Printable.Text(sentence));
        }

        return ExitCodes.Ok;
    }
}
