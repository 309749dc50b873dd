using ManaAi.Actors.ChangeLog;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>What the probe found: access to the change log, or what to do about it.</summary>
internal sealed record ProbeResult(
    LogAccess? Access,
    string Login,
    bool HasOwnerRole,
    IReadOnlyList<string> Reasons
)
{
    public IReadOnlyList<string> Degradations { get; init; } = [];

    public bool IsSuperuser { get; init; }

    /// <summary>False: it is the wrong database, or mana-sync has not made its table yet.</summary>
    public bool IsLogThere { get; init; } = true;

    public static ProbeResult Refused(string login, string reason) => new(null, login, false, [reason]);
}

/// <summary>
/// Proves, before anything is made or read, that this login sees the change log, and that as a user it can neither see
/// nor write another user's rows. Whoever is blinded by row-level security sees an empty world without an error, so it
/// is asked, not assumed. What it writes it rolls back.
/// </summary>
internal static class LogAccessProbe
{
    public const string Remedy =
        "run docker/postgres/roles.sql as a superuser on this database "
        + "(psql -v ON_ERROR_STOP=1 -f docker/postgres/roles.sql) and let SYNC_DATABASE_URL log in as mana_ai_reader";

    private const string ProbeUser = "mana-ai-probe-a";
    private const string OtherUser = "mana-ai-probe-b";

    public static async Task<ProbeResult> RunAsync(SyncDatabase database, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var shape = await LogShape.ReadAsync(transaction.Connection, cancellationToken);
        if (shape is null)
        {
            return ProbeResult.Refused(
                "",
                "The change log public.sync_changes is not in this database: let SYNC_DATABASE_URL point to mana_sync, "
                    + "and start mana-sync once so that it makes the table"
            ) with
            {
                IsLogThere = false,
            };
        }

        var rights = await ReadRightsAsync(transaction, cancellationToken);
        if (ReasonAgainst(rights) is { } reason)
        {
            return ProbeResult.Refused(rights.Login, reason);
        }

        var access = new LogAccess(shape, rights.HasUserRole);
        if (!rights.HasUserRole)
        {
            return new ProbeResult(access, rights.Login, rights.HasOwnerRole, [])
            {
                IsSuperuser = rights.IsSuperuser,
                Degradations =
                [
                    $"The login {rights.Login} is a superuser without the documented roles, so nothing but this program "
                        + $"keeps users apart: {Remedy}",
                ],
            };
        }

        var faults = await ProveIsolationAsync(transaction, access, cancellationToken);
        return new ProbeResult(faults.Count == 0 ? access : null, rights.Login, rights.HasOwnerRole, faults)
        {
            IsSuperuser = rights.IsSuperuser,
        };
    }

    private static string? ReasonAgainst(LoginRights rights)
    {
        if (!rights.CanSelect || rights.IsBlinded)
        {
            return $"The login {rights.Login} does not see the change log (row-level security hides other users' rows "
                + $"from it, or it may not read it): {Remedy}";
        }

        return rights is { HasUserRole: false, IsSuperuser: false }
            ? $"The login {rights.Login} cannot become mana_ai_user, so it cannot write as a user: {Remedy}"
            : null;
    }

    private static async Task<LoginRights> ReadRightsAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("LoginRights"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new LoginRights(
            reader.GetString(0),
            reader.GetBoolean(1),
            reader.GetBoolean(2),
            reader.GetBoolean(3),
            reader.GetBoolean(4),
            reader.GetBoolean(5)
        );
    }

    private static async Task<IReadOnlyList<string>> ProveIsolationAsync(
        DatabaseTransaction transaction,
        LogAccess access,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await BecomeAsync(transaction, access, ProbeUser, cancellationToken);
            var own = await InsertAsync(transaction, ProbeUser, cancellationToken);
            await BecomeAsync(transaction, access, OtherUser, cancellationToken);
            await using var select = transaction.Command(Sql.Get("ProbeSelect")).Add("id", own);
            if (await select.ExecuteScalarAsync(cancellationToken) is not 0L)
            {
                return [$"As one user, mana_ai_user sees another user's rows of the change log: {Remedy}"];
            }
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return [$"As a user, mana_ai_user can neither read nor write the user's own rows: {Remedy}"];
        }

        try
        {
            await using var insert = transaction
                .Command(Sql.Get("ProbeForeignInsert"))
                .Add("user", ProbeUser);
            await insert.ExecuteNonQueryAsync(cancellationToken);
            return [$"As one user, mana_ai_user can write another user's rows of the change log: {Remedy}"];
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return []; // What should be: the policy refused it, and the transaction is rolled back.
        }
    }

    private static async Task BecomeAsync(
        DatabaseTransaction transaction,
        LogAccess access,
        string user,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        access.BecomeUser(batch, new Missions.UserId(user));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<Guid> InsertAsync(
        DatabaseTransaction transaction,
        string user,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("ProbeInsert")).Add("user", user);
        return (Guid)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private sealed record LoginRights(
        string Login,
        bool IsSuperuser,
        bool IsBlinded,
        bool CanSelect,
        bool HasUserRole,
        bool HasOwnerRole
    );
}
