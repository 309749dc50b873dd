using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Verification;
using ManaAi.Host.Settings;
using Npgsql;

namespace ManaAi.Host.Commands;

/// <summary>Checks on the live database that nothing was planned twice, lost, or folded wrongly.</summary>
internal static class VerifyCommand
{
    private const int MinutesDefault = 15;

    /// <summary>A year: beyond that, nothing would ever be late.</summary>
    private const int MinutesMax = 525_600;

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var form = new OutputForm();
        var json = new Option<bool>("--json") { Description = "The same as -o json." };
        var refold = new Option<bool>("--refold")
        {
            Description = "Folds the records that differ from the log again, and verifies once more.",
        };
        var staleAfter = new Option<int>("--stale-after")
        {
            Description = "Minutes that a mission may be due without a run.",
            HelpName = "minutes",
            DefaultValueFactory = _ => MinutesDefault,
        };
        staleAfter.Validators.Add(result =>
        {
            var isRead = int.TryParse(
                result.Tokens is [{ Value: var text }] ? text : $"{MinutesDefault}",
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var minutes
            );
            if (!isRead || minutes > MinutesMax)
            {
                result.AddError($"--stale-after takes whole minutes from 0 to {MinutesMax}.");
            }
        });
        var command = new Command(
            "verify",
            "Checks the database at SYNC_DATABASE_URL while nodes work; ends with 0 or 1. Writes nothing without --refold."
        )
        {
            form.Option,
            json,
            refold,
            staleAfter,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    new VerifyQuestion(
                        form.IsJson(parsed) || parsed.GetValue(json),
                        parsed.GetValue(refold),
                        TimeSpan.FromMinutes(parsed.GetValue(staleAfter))
                    ),
                    environment,
                    parsed.InvocationConfiguration,
                    cancellationToken
                )
        );
        return command.WithExamples("mana-ai verify", "mana-ai verify -o json", "mana-ai verify --refold");
    }

    private static async Task<int> RunAsync(
        VerifyQuestion question,
        IReadOnlyDictionary<string, string?> environment,
        InvocationConfiguration streams,
        CancellationToken cancellationToken
    )
    {
        switch (SettingsReader.ReadVerify(environment))
        {
            case SettingsResult<VerifySettings>.Faulty faulty:
                return SettingFaults.Report(streams.Error, faulty.Faults);
            case SettingsResult<VerifySettings>.Ok { Settings: var settings }:
                try
                {
                    return await VerifyAsync(question, settings, streams, cancellationToken);
                }
                catch (Exception exception) when (exception.IsDatabaseFault())
                {
                    await streams.Error.WriteLineAsync(
                        $"Nothing was verified: {DatabaseFaults.Describe(exception)}."
                    );
                    return DatabaseCommand.ExitCodeOf(exception);
                }

            default:
                throw new UnreachableException();
        }
    }

    private static async Task<int> VerifyAsync(
        VerifyQuestion question,
        VerifySettings settings,
        InvocationConfiguration streams,
        CancellationToken cancellationToken
    )
    {
        await using var source = NpgsqlDataSource.Create(settings.Database.ConnectionString.Reveal());
        var database = new SyncDatabase(source);
        var (shape, reason, exitCode) = await VerifyAccess.LookAsync(database, cancellationToken);
        if (shape is null)
        {
            await streams.Error.WriteLineAsync($"Nothing was verified: {reason}");
            return exitCode;
        }

        var options = new VerifyOptions
        {
            StaleAfter = question.StaleAfter,
            Feed = new FeedOptions
            {
                Margin = settings.Log.Margin,
                SweepInterval = settings.Log.SweepInterval,
                SweepWindow = settings.Log.SweepWindow,
            },
        };
        var report = await Verifier.RunAsync(database, shape, options, cancellationToken);
        IReadOnlyCollection<RecordKey> refolded = [];
        if (question.IsRefold && report.ToFoldAgain.Count > 0)
        {
            refolded = report.ToFoldAgain;
            await RecordRefold.RunAsync(database, shape, refolded, cancellationToken);
            report = await Verifier.RunAsync(database, shape, options, cancellationToken);
        }

        VerifyOutput.Write(streams.Output, question.IsJson, report, refolded);
        return report.IsOk ? ExitCodes.Ok : ExitCodes.Failed;
    }
}

/// <summary>What `verify` was asked.</summary>
internal sealed record VerifyQuestion(bool IsJson, bool IsRefold, TimeSpan StaleAfter);
