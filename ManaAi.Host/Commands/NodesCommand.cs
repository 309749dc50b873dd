using System.CommandLine;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>All nodes over the database of the one that is asked.</summary>
internal static class NodesCommand
{
    private static readonly Column[] NodeColumns =
    [
        new("node"),
        new("state"),
        new("version"),
        new("address"),
        new("plans", IsNumber: true),
        new("started at"),
        new("last heard of"),
    ];

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("nodes", "Lists all nodes over this database.", environment);
        node.Sends<NodesView>(
            HttpMethod.Get,
            "/internal/nodes",
            NodeArguments.Patience,
            (view, output, _) =>
            {
                Write(view.Nodes, output);
                return ExitCodes.Ok;
            }
        );
        return node.Command.WithExamples("mana-ai nodes", "mana-ai nodes -o json");
    }

    public static void Write(IEnumerable<NodeView> nodes, TextWriter output) =>
        Columns.Write(
            output,
            NodeColumns,
            nodes.Select(one =>
                (string[])
                    [
                        one.Id,
                        one.State,
                        one.Version,
                        one.Address,
                        RunText.Number(one.Plans),
                        RunText.Instant(one.StartedAt),
                        RunText.Instant(one.HeartbeatAt),
                    ]
            )
        );
}
