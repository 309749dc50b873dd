using System.CommandLine;
using System.Globalization;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>What a node is doing.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("status", "Shows what a node is doing and whether it can.", environment);
        var watch = new Option<bool>("--watch")
        {
            Description = "Shows it anew every two seconds, until it is ended; on a terminal only.",
        };
        node.Command.Add(watch);
        node.Watches<StatusView>(
            parsed => parsed.GetValue(watch),
            new NodeRequest(HttpMethod.Get, "/internal/status"),
            Patience,
            Write
        );
        return node.Command.WithExamples(
            "mana-ai status",
            "mana-ai status --watch",
            "MANA_AI_URL=http://node-2:3066 mana-ai status -o json"
        );
    }

    private static int Write(StatusView status, TextWriter output, TextWriter error)
    {
        Table.Write(
            output,
            ("service", $"{status.Service} {status.Version}"),
            ("node", status.NodeId),
            ("started at", Instant(status.StartedAt)),
            ("ready", status.Readiness.Ready ? "yes" : "no"),
            ("tick", status.Tick.Enabled ? status.Tick.State : $"{status.Tick.State}, by hand only"),
            ("last tick", LastTick(status.Tick)),
            ("open occurrences", status.OpenOccurrences?.ToString(CultureInfo.InvariantCulture) ?? "unknown"),
            ("database", status.Settings.Database),
            ("LLM", $"{status.Settings.LlmUrl}, {status.Settings.LlmModel ?? "model by generation"}"),
            ("dry run", status.Settings.DryRun ? "yes" : "no")
        );
        Table.Write(output, [.. (status.Verdicts ?? []).Select(sum => (NameOf(sum), (object)sum.Count))]);
        Table.Write(
            output,
            [.. (status.Nodes ?? []).Select(node => ($"node {node.Id}", (object)Line(node)))]
        );
        foreach (
            var sentence in status
                .Readiness.Reasons.Concat(status.Readiness.Degraded)
                .Concat(status.Tick.LastErrors)
        )
        {
            error.WriteLine(Printable.Text(sentence));
        }

        return ExitCodes.Ok;
    }

    private static string Line(NodeView node) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{node.Address}, {node.Version}, since {Instant(node.StartedAt)}, "
        )
        + (
            node.GoneAt is { } goneAt
                ? $"gone since {Instant(goneAt)}"
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"alive at {Instant(node.HeartbeatAt)}, {node.Plans} plans under way"
                )
        );

    private static string NameOf(VerdictSum sum) =>
        sum.Reason is null ? sum.Verdict : $"{sum.Verdict} ({sum.Reason})";

    private static string LastTick(TickStatusView tick) =>
        tick.LastTickAt is { } at
            ? string.Create(CultureInfo.InvariantCulture, $"{Instant(at)}, took {tick.LastTickMs ?? 0:0} ms")
            : "none yet";

    private static string Instant(DateTimeOffset at) =>
        at.UtcDateTime.ToString("u", CultureInfo.InvariantCulture);
}
