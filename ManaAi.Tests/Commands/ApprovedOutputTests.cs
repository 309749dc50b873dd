using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using ManaAi.Actors.Database;
using ManaAi.Actors.Ticking;
using ManaAi.Host.Commands;
using ManaAi.Tests.Internal;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Commands;

/// <summary>What newcomers read first, word for word.</summary>
public sealed class ApprovedOutputTests
{
    [Fact]
    public async Task The_help_of_all_commands()
    {
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal);
        var help = new StringBuilder();
        foreach (var line in Lines(CommandLine.Create(environment), ""))
        {
            await using var output = new StringWriter { NewLine = "\n" };
            await using var error = new StringWriter();
            var arguments = $"{line} --help".Split(' ', StringSplitOptions.RemoveEmptyEntries);
            (await CommandLine.RunAsync(arguments, environment, output, error)).ShouldBe(0);
            error.ToString().ShouldBeEmpty();
            var text = output.ToString();
            text.ShouldContain("Examples:\n", customMessage: $"{line} has none");
            help.Append("$ mana-ai").Append(line).Append(" --help\n").Append(text);
        }

        // The test's host has another name than the service's; trailing blanks are the library's.
        var plain = Regex.Replace(help.ToString(), "[ \t]+\n", "\n");
        Approved.ShouldBe(
            "help",
            Regex.Replace(plain, "(testhost|dotnet|ReSharperTestRunner)(?= )", "mana-ai")
        );
    }

    [Fact]
    public async Task Status()
    {
        await using var host = await RunningHost.StartAsync();
        host.Actors.Status = new TickStatus(
            true,
            "busy",
            ScriptedActors.ScannedAt,
            TimeSpan.FromMilliseconds(14),
            ["The last tick failed."]
        );
        host.Actors.OnCheck = () => Task.FromResult(new Readiness([], ["The index is missing."]));
        await using var output = new StringWriter { NewLine = "\n" };
        await using var error = new StringWriter { NewLine = "\n" };
        await CommandLine.RunAsync(
            ["status"],
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["MANA_AI_URL"] = host.Address.ToString(),
                ["MANA_SERVICE_KEY"] = RunningHost.Key,
            },
            output,
            error
        );

        var text = Regex.Replace(output.ToString(), @"(?<=started at +)\d{4}.*", "2026-03-04 05:00:00Z");
        Approved.ShouldBe("status", $"{text}--- stderr\n{error}");
    }

    private static IEnumerable<string> Lines(Command command, string line) =>
        command.Subcommands.SelectMany(sub => Lines(sub, $"{line} {sub.Name}")).Prepend(line);
}
