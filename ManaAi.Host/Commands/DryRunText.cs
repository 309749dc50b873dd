using System.Globalization;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Commands;

/// <summary>How `run-now --dry-run` shows what would be asked.</summary>
internal static class DryRunText
{
    public static int Write(DryRunView view, TextWriter output, TextWriter error)
    {
        Table.Write(
            output,
            ("mission", $"{view.UserId}/{view.MissionId}"),
            ("would run", view.WouldRun ? "yes" : $"no: {view.WhyNot}"),
            (
                "asks",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{view.Model}, temperature {view.Temperature}, mode {view.Mode}, prompt {view.PromptVersion}"
                )
            ),
            (
                "tokens",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"about {view.EstimatedTokens.Prompt} for the prompt; {view.EstimatedTokens.Answer} are reserved for an answer"
                )
            ),
            ("runs to come", string.Join(", ", view.Schedule?.NextRuns ?? [])),
            ("then", view.Schedule?.Never ?? "and so on")
        );
        foreach (var message in view.Messages)
        {
            output.WriteLine();
            output.WriteLine($"--- {Printable.Text(message.Role)}");
            foreach (var line in message.Content.Split('\n'))
            {
                output.WriteLine(Printable.Text(line));
            }
        }

        output.WriteLine();
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"--- the {view.Tools.Count} tools that are offered")
        );
        foreach (var tool in view.Tools)
        {
            output.WriteLine(Printable.Text($"{tool.Name} ({tool.Module}): {tool.Description}"));
        }

        error.WriteLine("Nothing was asked and nothing was written.");
        return ExitCodes.Ok;
    }
}
