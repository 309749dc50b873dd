using System.CommandLine;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>Runs one tick on a node and shows what came of it.</summary>
internal static class TickCommand
{
    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("tick", "Runs one tick now and waits for its plans.", environment);
        node.Sends<TickView>(HttpMethod.Post, "/internal/tick", Timeout.InfiniteTimeSpan, Write);
        return node.Command.WithExamples(
            "mana-ai tick",
            "mana-ai tick -o json --key-file /run/secrets/service-key"
        );
    }

    private static int Write(TickView tick, TextWriter output, TextWriter error)
    {
        Table.Write(
            output,
            ("scanned at", tick.ScannedAt),
            ("due", tick.DueMissionCount),
            ("plans produced", tick.PlansProduced),
            ("plans written back", tick.PlansWrittenBack),
            ("parse failures", tick.ParseFailures)
        );
        foreach (var reason in tick.Errors)
        {
            error.WriteLine(Printable.Text(reason));
        }

        return tick.Errors.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
