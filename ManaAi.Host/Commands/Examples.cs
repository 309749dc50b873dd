using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace ManaAi.Host.Commands;

/// <summary>Examples of a command, shown at the end of its help: most people read only these.</summary>
internal static class Examples
{
    // Beside the commands, not inside: a command of the library has no place for them.
    private static readonly ConditionalWeakTable<Command, string[]> Known = [];

    public static TCommand WithExamples<TCommand>(this TCommand command, params string[] examples)
        where TCommand : Command
    {
        Known.AddOrUpdate(command, examples);
        return command;
    }

    public static IReadOnlyList<string> Of(Command command) =>
        Known.TryGetValue(command, out var examples) ? examples : [];
}

internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var exitCode = help.Invoke(parseResult);
        var examples = Examples.Of(parseResult.CommandResult.Command);
        if (examples.Count > 0)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        return exitCode;
    }

    // Help is asked for because something is not known yet: what is wrong beside it does not matter.
    public override bool ClearsParseErrors => true;
}
