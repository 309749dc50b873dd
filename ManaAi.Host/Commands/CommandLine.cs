using System.Collections;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using ManaAi.Host.Commands.Doctor;
using ManaAi.Host.Commands.LlmStub;

namespace ManaAi.Host.Commands;

/// <summary>The command line: which commands there are, and what holds for all of them.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string?> environment,
        TextWriter output,
        TextWriter error
    )
    {
        var parsed = Create(environment).Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            // The library would repeat the arguments as they are, and put help on stdout, where a script expects data.
            foreach (var mistake in parsed.Errors)
            {
                await error.WriteLineAsync(Printable.Text(mistake.Message));
            }

            return ExitCodes.Usage;
        }

        if (parsed.Action is not HelpWithExamples && FindRepeated(parsed) is { } repeated)
        {
            await error.WriteLineAsync($"Option '{repeated}' is given more than once.");
            return ExitCodes.Usage;
        }

        return await parsed.InvokeAsync(
            new InvocationConfiguration
            {
                Output = output,
                Error = error,
                // The host answers SIGTERM itself, and takes the grace it was given.
                ProcessTerminationTimeout = null,
            }
        );
    }

    /// <summary>The library takes a flag that is given twice; a value given twice is its own mistake.</summary>
    private static string? FindRepeated(ParseResult parsed) =>
        parsed
            .CommandResult.Children.OfType<OptionResult>()
            .FirstOrDefault(option =>
                option is { IdentifierTokenCount: > 1, Option.Arity.MaximumNumberOfValues: <= 1 }
            )
            ?.Option.Name;

    public static RootCommand Create(IReadOnlyDictionary<string, string?> environment)
    {
        var root = new RootCommand("Plans due missions: the service, and the commands to look after it.")
        {
            ServeCommand.Create(environment),
            HealthCommand.Create(environment),
            TickCommand.Create(environment),
            StatusCommand.Create(environment),
            TopCommand.Create(environment),
            MissionCommands.CreateList(environment),
            MissionCommands.CreateOne(environment),
            WhyCommand.Create(environment),
            RequestCommands.CreateRunNow(environment),
            RunCommands.CreateList(environment),
            RunCommands.CreateOne(environment),
            RequestCommands.CreateCancel(environment),
            RequestCommands.CreateRetry(environment),
            PauseCommands.CreatePause(environment),
            PauseCommands.CreateResume(environment),
            PauseCommands.CreateList(environment),
            NodesCommand.Create(environment),
            UsageCommand.Create(environment),
            EventsCommand.Create(environment),
            DoctorCommand.Create(environment),
            MigrateCommand.Create(environment),
            VerifyCommand.Create(environment),
            ForgetCommand.Create(environment),
            FoldCommand.Create(),
            NextCommand.Create(),
            SimulateCommand.Create(environment),
            LlmStubCommand.Create(),
            CompletionCommand.Create(),
        };

        // Without a command it serves: that is what an image or a unit file starts.
        root.SetAction(
            (parsed, cancellationToken) => ServeCommand.ServeAsync(parsed, environment, cancellationToken)
        );
        root.WithExamples(
            "mana-ai",
            "mana-ai status",
            "mana-ai why user-1/mission-1",
            "mana-ai tick -o json"
        );
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    public static IReadOnlyDictionary<string, string?> ProcessEnvironment() =>
        Environment
            .GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value, StringComparer.Ordinal);
}
