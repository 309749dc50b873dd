using System.CommandLine;
using System.Globalization;
using ManaAi.Actors.Runs;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>What calls have cost.</summary>
internal static class UsageCommand
{
    // The dearest; -o json has all.
    private const int RowsShown = 10;

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var node = new NodeCommand("usage", "Shows tokens used by day, user, agent and model.", environment);
        var days = new Option<int>("--days")
        {
            Description = "How many days back, today included: 1 to 400.",
            HelpName = "n",
            DefaultValueFactory = _ => 7,
        };
        node.Command.Add(days);
        node.Sends<UsageView>(
            parsed => new NodeRequest(
                HttpMethod.Get,
                string.Create(CultureInfo.InvariantCulture, $"/internal/usage?days={parsed.GetValue(days)}")
            ),
            NodeArguments.Patience,
            Write
        );
        return node.Command.WithExamples("mana-ai usage", "mana-ai usage --days 30 -o json");
    }

    private static int Write(UsageView usage, TextWriter output, TextWriter error)
    {
        Table.Write(
            output,
            ("tokens", usage.Total.Tokens),
            ("calls", usage.Total.Calls),
            ("in the last 24 hours", usage.LastDay),
            ("reserved for calls under way", usage.Reserved),
            ("budget of a day", usage.Budgets.PerDay is { } limit ? limit : "none")
        );
        WriteList(output, "day (UTC)", usage.ByDay, row => $"{row.Day:yyyy-MM-dd}");
        WriteList(output, "user", usage.ByUser, row => row.UserId ?? "");
        WriteList(output, "agent", usage.ByAgent, row => $"{row.UserId}/{row.AgentId}");
        WriteList(output, "model", usage.ByModel, row => row.Model ?? "");
        return ExitCodes.Ok;
    }

    private static void WriteList(
        TextWriter output,
        string name,
        IReadOnlyList<UsageRow> rows,
        Func<UsageRow, string> nameOf
    )
    {
        if (rows.Count == 0)
        {
            return;
        }

        output.WriteLine();
        Columns.Write(
            output,
            [new(name), new("tokens", IsNumber: true), new("calls", IsNumber: true)],
            (name.StartsWith("day", StringComparison.Ordinal) ? rows : rows.Take(RowsShown)).Select(row =>
                (string[])[nameOf(row), RunText.Number(row.Tokens), RunText.Number(row.Calls)]
            )
        );
    }
}
