using System.CommandLine;
using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Forgetting;
using ManaAi.Actors.Missions;

namespace ManaAi.Host.Commands;

/// <summary>Takes all that a user wrote out of the schema mana_ai.</summary>
internal static class ForgetCommand
{
    private static readonly Column[] TableColumns = [new("table"), new("rows", IsNumber: true), new("what")];

    public static Command Create(IReadOnlyDictionary<string, string?> environment)
    {
        var database = new DatabaseCommand(
            "forget",
            "Takes all that a user wrote out of the schema mana_ai, and says what it removed. It does not ask back, and does "
                + "not touch the change log.",
            environment
        );
        var user = new Argument<string>("user") { Description = "The user.", HelpName = "USER" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only counts what would be removed." };
        var undo = new Option<bool>("--undo")
        {
            Description =
                "Folds the user's missions again from what the change log still holds; history and answers stay gone.",
        };
        database.Command.Add(user);
        database.Command.Add(dryRun);
        database.Command.Add(undo);
        database.Command.Validators.Add(result =>
        {
            if (result.GetValue(dryRun) && result.GetValue(undo))
            {
                result.AddError("--dry-run and --undo do not go together.");
            }
        });
        database.Asks(
            "Nothing was changed",
            (sync, parsed, cancellationToken) =>
            {
                var forgetting = new UserForgetting(sync);
                var who = new UserId(parsed.GetRequiredValue(user));
                var form = new Form(parsed.InvocationConfiguration, database.IsJson(parsed));
                return parsed.GetValue(undo)
                    ? UndoAsync(sync, forgetting, who, form, cancellationToken)
                    : ForgetAsync(forgetting, who, parsed.GetValue(dryRun), form, cancellationToken);
            }
        );
        return database.Command.WithExamples(
            "mana-ai forget user-1 --dry-run",
            "mana-ai forget user-1",
            "mana-ai forget user-1 --undo"
        );
    }

    private static async Task<int> ForgetAsync(
        UserForgetting forgetting,
        UserId user,
        bool isDryRun,
        Form form,
        CancellationToken cancellationToken
    )
    {
        var report = await forgetting.ForgetAsync(user, isDryRun, cancellationToken);
        if (report.IsOfNobody)
        {
            await form.Error.WriteLineAsync("Nothing here is of a user with this id.");
            return ExitCodes.NotFound;
        }

        if (form.IsJson)
        {
            OutputForm.WriteJson(
                form.Output,
                new
                {
                    userId = user.Value,
                    dryRun = isDryRun,
                    tables = report.Tables,
                    log = new { rows = report.LogRows, isPassedOver = report.LogRows > 0 },
                }
            );
        }
        else
        {
            Columns.Write(
                form.Output,
                TableColumns,
                report.Tables.Select(table =>
                    (string[])[table.Table, table.Rows.ToString(CultureInfo.InvariantCulture), table.What]
                )
            );
        }

        await form.Error.WriteLineAsync(Told(report, isDryRun));
        return ExitCodes.Ok;
    }

    private static string Told(ForgetReport report, bool isDryRun) =>
        (isDryRun ? "Nothing was removed, since this was a dry run. " : "")
        + (
            report.LogRows == 0
                ? "The change log holds no row of this user's missions and agents, so none of it can come back."
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"The change log still holds {report.LogRows} rows of this user's missions and agents. They are mana-sync's: remove them there. Until then they are passed over, and the user's missions do not run; when they are gone, run this once more, and the user's id is forgotten too."
                )
        );

    private static async Task<int> UndoAsync(
        SyncDatabase sync,
        UserForgetting forgetting,
        UserId user,
        Form form,
        CancellationToken cancellationToken
    )
    {
        LogShape? shape;
        await using (var connection = await sync.OpenLastingAsync(cancellationToken))
        {
            shape = await LogShape.ReadAsync(connection, cancellationToken);
        }

        if (shape is null)
        {
            await form.Error.WriteLineAsync("The change log public.sync_changes is not in this database.");
            return ExitCodes.Failed;
        }

        if (await forgetting.UndoAsync(user, shape, cancellationToken) is not { } records)
        {
            await form.Error.WriteLineAsync("No user with this id is passed over.");
            return ExitCodes.NotFound;
        }

        if (form.IsJson)
        {
            OutputForm.WriteJson(form.Output, new { userId = user.Value, folded = records });
        }
        else
        {
            Table.Write(form.Output, ("folded again", $"{records} records"));
        }

        return ExitCodes.Ok;
    }

    /// <summary>Where it is shown, and how.</summary>
    private sealed record Form(InvocationConfiguration Streams, bool IsJson)
    {
        public TextWriter Output => Streams.Output;

        public TextWriter Error => Streams.Error;
    }
}
