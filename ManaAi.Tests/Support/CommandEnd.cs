using ManaAi.Host.Commands;

namespace ManaAi.Tests.Support;

/// <summary>A command line that has been run, and what it left.</summary>
internal sealed record CommandEnd(int ExitCode, string Output, string Error)
{
    public static async Task<CommandEnd> OfAsync(
        string line,
        params IReadOnlyCollection<(string Name, string? Value)> environment
    )
    {
        await using var output = new StringWriter { NewLine = "\n" };
        await using var error = new StringWriter { NewLine = "\n" };
        var exitCode = await CommandLine.RunAsync(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            environment.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal),
            output,
            error
        );
        return new CommandEnd(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Nothing is data, and the reason is said.</summary>
    public void ShouldFail(int exitCode, string says)
    {
        ExitCode.ShouldBe(exitCode, $"{Output}{Error}");
        Output.ShouldBeEmpty();
        Error.ShouldContain(says);
        Error.ShouldNotBeEmpty();
    }
}
