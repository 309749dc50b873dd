using System.CommandLine;
using ManaAi.Actors.Database;

namespace ManaAi.Host.Commands;

/// <summary>Brings the schema mana_ai to this version, as the service does at its start.</summary>
internal static class MigrateCommand
{
    private static readonly Column[] MigrationColumns = [new("migration"), new("state")];

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var database = new DatabaseCommand(
            "migrate",
            "Brings the schema mana_ai to this version, and does nothing where it is there. The service does the same when it starts.",
            environment
        );
        var dryRun = new Option<bool>("--dry-run") { Description = "Only shows what would be applied." };
        database.Command.Add(dryRun);
        database.Asks(
            "The schema is not known to be at this version",
            (sync, parsed, cancellationToken) =>
                RunAsync(sync, database, parsed, parsed.GetValue(dryRun), cancellationToken)
        );
        return database.Command.WithExamples("mana-ai migrate --dry-run", "mana-ai migrate");
    }

    private static async Task<int> RunAsync(
        SyncDatabase sync,
        DatabaseCommand command,
        ParseResult parsed,
        bool isDryRun,
        CancellationToken cancellationToken
    )
    {
        var error = parsed.InvocationConfiguration.Error;
        var probe = await LogAccessProbe.RunAsync(sync, cancellationToken);
        if (probe.Access is null)
        {
            foreach (var reason in probe.Reasons)
            {
                await error.WriteLineAsync(Printable.Text($"{reason}."));
            }

            return probe.IsLogThere ? ExitCodes.Denied : ExitCodes.Failed;
        }

        foreach (var degradation in probe.Degradations)
        {
            await error.WriteLineAsync(Printable.Text($"{degradation}."));
        }

        try
        {
            var before = isDryRun
                ? await LookAsync(sync, cancellationToken)
                : await Migrator.RunAsync(sync, probe, cancellationToken);
            return Show(before, isDryRun, command.IsJson(parsed), parsed.InvocationConfiguration);
        }
        catch (MigrationException exception)
        {
            await error.WriteLineAsync(Printable.Text($"{exception.Message}."));
            return ExitCodes.Failed;
        }
    }

    private static async Task<MigrationState> LookAsync(
        SyncDatabase sync,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await sync.BeginAsync(cancellationToken);
        var state = await MigrationState.ReadAsync(transaction, cancellationToken);
        return state.Altered is [var altered, ..]
            ? throw new MigrationException(Migrator.TellAltered(altered))
            : state;
    }

    private static int Show(
        MigrationState before,
        bool isDryRun,
        bool isJson,
        InvocationConfiguration streams
    )
    {
        var (pending, there) = (Names(before.Pending), Names(before.Applied));
        if (isJson)
        {
            OutputForm.WriteJson(
                streams.Output,
                new
                {
                    dryRun = isDryRun,
                    applied = isDryRun ? [] : pending,
                    pending = isDryRun ? pending : [],
                    before = there,
                    unknown = before.Unknown,
                }
            );
        }
        else
        {
            Columns.Write(
                streams.Output,
                MigrationColumns,
                [
                    .. there.Select(name => (string[])[name, "was there"]),
                    .. pending.Select(name => (string[])[name, isDryRun ? "would be applied" : "applied"]),
                    .. before.Unknown.Select(name => (string[])[name, "of a newer version"]),
                ]
            );
        }

        streams.Error.WriteLine(Told(pending.Length, isDryRun));
        return ExitCodes.Ok;
    }

    private static string Told(int pending, bool isDryRun) =>
        (pending, isDryRun) switch
        {
            (0, _) => "There was nothing to apply: the schema is at this version.",
            (_, true) => "Nothing was applied, since this was a dry run.",
            _ => "The schema is at this version now.",
        };

    private static string[] Names(IEnumerable<Migration> migrations) =>
        [.. migrations.Select(one => one.Name)];
}
