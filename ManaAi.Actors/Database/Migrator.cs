using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>
/// Brings the schema `mana_ai` to this version, in one transaction, one node at a time. Migrations only add: a schema
/// of version N serves the nodes of version N-1, so that an upgrade needs no stop.
/// </summary>
internal static class Migrator
{
    // Any number will do that nobody else in this database takes for a lock.
    private const long LockKey = 0x6D616E61_61690001;

    /// <summary>What notes the others; before the first of them.</summary>
    public const string Prepare = """
        create table if not exists mana_ai.migrations (
            name        text        primary key,
            checksum    text        not null,
            applied_at  timestamptz not null default now()
        )
        """;

    /// <returns>What there was before; what was pending then is applied.</returns>
    /// <exception cref="MigrationException">The schema cannot be made, or holds a migration of other content.</exception>
    public static async Task<MigrationState> RunAsync(
        SyncDatabase database,
        ProbeResult probe,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken, TimeSpan.FromMinutes(10));
        await ExecuteAsync(transaction, $"select pg_advisory_xact_lock({LockKey})", cancellationToken);
        if (probe.HasOwnerRole)
        {
            await ExecuteAsync(transaction, $"set local role {LogAccess.OwnerRole}", cancellationToken);
        }

        try
        {
            await EnsureSchemaAsync(transaction, cancellationToken);
            await ExecuteAsync(transaction, Prepare, cancellationToken);
            var before = await MigrationState.ReadAsync(transaction, cancellationToken);
            await ApplyAsync(transaction, before, cancellationToken);
            if (await LacksRightsAsync(transaction, probe.Login, cancellationToken))
            {
                await GrantAsync(transaction, probe.Login, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return before;
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new MigrationException(
                $"The schema mana_ai is missing and may not be made, or belongs to another role: {LogAccessProbe.Remedy}"
            );
        }
    }

    public static string TellAltered(string name) =>
        $"Migration {name} was applied with other content: this database belongs to another build; "
        + "run the version that made it, or drop the schema mana_ai to fold everything anew";

    private static async Task EnsureSchemaAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        // CREATE SCHEMA IF NOT EXISTS fails without CREATE on the database even when the schema is there.
        await using var find = transaction.Command("select to_regnamespace('mana_ai') is not null");
        if (await find.ExecuteScalarAsync(cancellationToken) is true)
        {
            return;
        }

        await ExecuteAsync(transaction, "create schema mana_ai", cancellationToken);
    }

    private static async Task ApplyAsync(
        DatabaseTransaction transaction,
        MigrationState before,
        CancellationToken cancellationToken
    )
    {
        if (before.Altered is [var altered, ..])
        {
            throw new MigrationException(TellAltered(altered));
        }

        foreach (var migration in before.Pending)
        {
            await ExecuteAsync(transaction, migration.Text, cancellationToken);
            await using var note = transaction
                .Command(Sql.Get("NoteMigration"))
                .Add("name", migration.Name)
                .Add("checksum", migration.Checksum);
            await note.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Mostly not, and then a node that starts leaves the catalog alone.</summary>
    private static async Task<bool> LacksRightsAsync(
        DatabaseTransaction transaction,
        string login,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("LacksRights")).Add("login", login);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>A table made as owner is closed to the login until it is granted.</summary>
    private static async Task GrantAsync(
        DatabaseTransaction transaction,
        string login,
        CancellationToken cancellationToken
    )
    {
        var name = login.Replace("\"", "\"\"", StringComparison.Ordinal);
        await ExecuteAsync(
            transaction,
            $"""
            grant usage on schema mana_ai to "{name}";
            grant select, insert, update, delete on all tables in schema mana_ai to "{name}"
            """,
            cancellationToken
        );
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

/// <summary>The schema could not be brought to this version; the message says what to do.</summary>
public sealed class MigrationException(string message) : Exception(message);
