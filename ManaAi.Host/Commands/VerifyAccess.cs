using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Host.Commands;

/// <summary>Whether there is anything to verify, and whether this login sees it. It changes nothing.</summary>
internal static class VerifyAccess
{
    /// <returns>The log's shape, or why there is none and how that ends the command.</returns>
    public static async Task<(LogShape? Shape, string Reason, int ExitCode)> LookAsync(
        SyncDatabase database,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await database.OpenLastingAsync(cancellationToken);
        if (await LogShape.ReadAsync(connection, cancellationToken) is not { } shape)
        {
            return (
                null,
                "the change log public.sync_changes is not in this database.",
                ExitCodes.Unavailable
            );
        }

        if (await IsAsync(connection, "IsBlinded", cancellationToken))
        {
            return (
                null,
                "row-level security hides the change log from this login; let SYNC_DATABASE_URL log in as mana_ai_reader.",
                ExitCodes.Denied
            );
        }

        return await IsAsync(connection, "HasLedger", cancellationToken)
            ? (shape, "", ExitCodes.Ok)
            : (
                null,
                "there is no schema mana_ai yet: start the service once, or run `mana-ai migrate`.",
                ExitCodes.Unavailable
            );
    }

    private static async Task<bool> IsAsync(
        NpgsqlConnection connection,
        string statement,
        CancellationToken cancellationToken
    )
    {
        await using var command = new NpgsqlCommand(Sql.Get(statement), connection);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
