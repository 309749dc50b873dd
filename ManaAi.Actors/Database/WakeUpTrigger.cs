using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>The trigger on sync_changes that says when a device gave a mission a nextRunAt. Optional: ticks find it too.</summary>
public sealed class WakeUpTrigger(
    SyncDatabase database,
    LogObjectsOptions options,
    ILogger<WakeUpTrigger> logger
)
{
    // Any number will do that nobody else in this database takes for a lock.
    private const long LockKey = 0x6D616E61_61690002;

    private const string Remedy =
        "MANAGE_WAKEUP_TRIGGER is true, but this login does not own public.sync_changes: run "
        + "docker/postgres/roles.sql with -v wakeup_trigger=1 as a superuser; until then ticks alone find what is due";

    private bool _isSaid;

    /// <returns>Whether it is there, be it that it was made now.</returns>
    public async Task<bool> EnsureAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var (isThere, isOwner) = await LookAsync(transaction, cancellationToken);
        if (isThere || !options.IsTriggerManaged)
        {
            return isThere;
        }

        try
        {
            return isOwner ? await MakeAsync(transaction, cancellationToken) : Refused(Remedy);
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return Refused(Remedy);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return Refused(
                "The wake-up trigger could not be made beside an open transaction; it is tried again"
            );
        }
    }

    private async Task<bool> MakeAsync(DatabaseTransaction transaction, CancellationToken cancellationToken)
    {
        // It waits for a lock that queues mana-sync's inserts behind it: better to fail and to be tried again.
        await ExecuteAsync(transaction, "set local lock_timeout = '5s'", cancellationToken);
        await ExecuteAsync(transaction, $"select pg_advisory_xact_lock({LockKey})", cancellationToken);
        var (isThere, _) = await LookAsync(transaction, cancellationToken);
        if (isThere)
        {
            return true;
        }

        await ExecuteAsync(transaction, Sql.LogObjects["WakeUpFunction"], cancellationToken);
        await ExecuteAsync(transaction, Sql.LogObjects["WakeUpFunctionOwner"], cancellationToken);
        await ExecuteAsync(transaction, Sql.LogObjects["WakeUpTrigger"], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Log.WakeUpTriggerMade(logger);
        return true;
    }

    private bool Refused(string reason)
    {
        if (!_isSaid)
        {
            _isSaid = true; // It is looked at every minute.
            Log.WakeUpTriggerMissing(logger, reason);
        }

        return false;
    }

    internal static async Task<(bool IsThere, bool IsOwner)> LookAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("WakeUpState"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.GetBoolean(0), reader.GetBoolean(1))
            : (false, false);
    }

    /// <summary>Whether a function's body is the one that this version makes.</summary>
    internal static bool IsOwnBody(string body)
    {
        const string quote = "$$";
        var made = Sql.LogObjects["WakeUpFunction"];
        var own = made[
            (made.IndexOf(quote, StringComparison.Ordinal) + quote.Length)..made.LastIndexOf(
                quote,
                StringComparison.Ordinal
            )
        ];
        return Words(own) == Words(body);

        // roles.sql has the same text deeper in.
        static string Words(string text) =>
            string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task ExecuteAsync(
        DatabaseTransaction transaction,
        string sql,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
