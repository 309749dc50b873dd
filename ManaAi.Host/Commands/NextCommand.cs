using System.CommandLine;
using ManaAi.Actors.Missions;

namespace ManaAi.Host.Commands;

/// <summary>`next`: when a cadence runs. It needs no database and no key, and writes nothing anywhere.</summary>
/// <remarks>
/// Standard output carries the instants and nothing else; what there is to say goes to standard error. Never is
/// an answer and ends with 0.
/// </remarks>
internal static class NextCommand
{
    private const int UsageError = 2;

    public static Command Create() => Create(TimeProvider.System, Environment.GetEnvironmentVariable);

    internal static Command Create(TimeProvider time, Func<string, string?> environment)
    {
        var options = new NextOptions(time, environment);
        var command = new Command("next", "Prints when a cadence runs next.");
        foreach (var option in options.All)
        {
            command.Add(option);
        }

        command.TreatUnmatchedTokensAsErrors = false; // They are errors: the options say so, and with 2.
        command.SetAction(parsed => Run(parsed, options));
        return command.WithExamples(
            """mana-ai next --cadence '{"kind":"daily","atHour":9,"atMinute":0}'""",
            """mana-ai next --cadence '{"kind":"cron","expression":"0 9 * * 1-5"}' --zone Europe/Berlin -n 3"""
        );
    }

    private static int Run(ParseResult parsed, NextOptions options)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        if (!options.TryRead(parsed, out var asked, out var mistake))
        {
            error.WriteLine(Printable.Text(mistake));
            return UsageError;
        }

        var runs = Schedule
            .Upcoming(asked.Cadence, asked.Zone, asked.From, asked.IntervalMinutesMin)
            .Take(asked.Count)
            .ToList();
        NextOutput.Write(output, asked.IsJson, asked.Zone, [.. runs.OfType<NextRun.At>()]);
        if (runs is [NextRun.At { IsRaisedToMinimum: true }, ..])
        {
            error.WriteLine(
                $"The interval is below MIN_INTERVAL_MINUTES and is taken as {asked.IntervalMinutesMin} minutes."
            );
        }

        if (runs is [.., NextRun.Never(var reason)])
        {
            error.WriteLine(Printable.Text(reason));
        }

        return 0;
    }
}
