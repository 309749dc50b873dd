using System.CommandLine;
using System.Diagnostics;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Forecasts;
using ManaAi.Host.Settings;
using Npgsql;

namespace ManaAi.Host.Commands;

/// <summary>`simulate`: which runs are to come, what they will cost, and whether the pool keeps up. It writes nothing.</summary>
internal static class SimulateCommand
{
    // Several ticks at the usual interval; what is older is no longer how devices have it.
    private static readonly TimeSpan LogReadBefore = TimeSpan.FromMinutes(10);

    public static Command Create(IReadOnlyDictionary<string, string?> environment) =>
        Create(environment, TimeProvider.System);

    internal static Command Create(IReadOnlyDictionary<string, string?> environment, TimeProvider time)
    {
        var options = new SimulateOptions(time);
        var command = new Command(
            "simulate",
            "Counts the runs to come, by hour, user and agent, with their tokens and the hours in which the pool "
                + "would not keep up. Reads SYNC_DATABASE_URL and the settings of schedules and the pool from the "
                + "environment, and writes nothing."
        );
        foreach (var option in options.All)
        {
            command.Add(option);
        }

        command.SetAction(
            (parsed, cancellationToken) => RunAsync(parsed, options, environment, cancellationToken)
        );
        return command.WithExamples(
            "mana-ai simulate",
            "mana-ai simulate --from 2026-03-30T00:00:00+02:00 --to 2026-04-06T00:00:00+02:00",
            "mana-ai simulate --nodes 2 --seconds-per-plan 40 -o json"
        );
    }

    private static async Task<int> RunAsync(
        ParseResult parsed,
        SimulateOptions options,
        IReadOnlyDictionary<string, string?> environment,
        CancellationToken cancellationToken
    )
    {
        var error = parsed.InvocationConfiguration.Error;
        var (question, mistake) = options.Read(parsed);
        if (question is null)
        {
            await error.WriteLineAsync(mistake);
            return ExitCodes.Usage;
        }

        switch (SettingsReader.ReadForecast(environment))
        {
            case SettingsResult<ForecastSettings>.Faulty faulty:
                return SettingFaults.Report(error, faulty.Faults);
            case SettingsResult<ForecastSettings>.Ok { Settings: var settings }:
                return await AnswerAsync(parsed, question, settings, cancellationToken);
            default:
                throw new UnreachableException();
        }
    }

    private static async Task<int> AnswerAsync(
        ParseResult parsed,
        SimulateQuestion question,
        ForecastSettings settings,
        CancellationToken cancellationToken
    )
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var options = OptionsOf(question, settings);
        await using var source = NpgsqlDataSource.Create(settings.Database.ConnectionString.Reveal());
        try
        {
            var forecast = await new ForecastReader(new SyncDatabase(source)).ReadAsync(
                question.Window,
                options,
                cancellationToken
            );
            if (question.IsJson)
            {
                await output.WriteLineAsync(SimulateJson.Of(forecast, options));
            }
            else
            {
                SimulateTables.Write(output, forecast, options);
            }

            await WarnAsync(error, forecast);
            return ExitCodes.Ok;
        }
        catch (PostgresException exception)
            when (exception.SqlState
                    is PostgresErrorCodes.UndefinedTable
                        or PostgresErrorCodes.UndefinedColumn
                        or PostgresErrorCodes.InvalidSchemaName
            )
        {
            await error.WriteLineAsync(
                $"{Printable.Text(settings.Database.Display)} has no schema mana_ai of this version: start the service there once."
            );
            return ExitCodes.Failed;
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            await error.WriteLineAsync(
                $"{Printable.Text(settings.Database.Display)}: {DatabaseFaults.Describe(exception)}."
            );
            return DatabaseCommand.ExitCodeOf(exception);
        }
    }

    private static ForecastOptions OptionsOf(SimulateQuestion question, ForecastSettings settings) =>
        new()
        {
            Schedule = Composition.ScheduleOf(settings.Schedule, settings.Tick),
            IsScheduleAdvanced = settings.Schedule.IsAdvanced,
            PlansMax = settings.Runs.PlansMax,
            PlansPerUserMax = settings.Runs.PlansPerUserMax,
            Nodes = question.Nodes,
            SecondsPerPlan = question.SecondsPerPlan,
        };

    private static async Task WarnAsync(TextWriter error, Forecast forecast)
    {
        if (forecast.History.LogReadAt is not { } readAt)
        {
            await error.WriteLineAsync(
                "No tick has read the change log yet, so there are no missions to count: start the service once."
            );
        }
        else if (forecast.Window.Now - readAt > LogReadBefore)
        {
            await error.WriteLineAsync(
                $"The change log was last read at {IsoText.Milliseconds(readAt)}: what devices wrote since is not counted."
            );
        }
    }
}
