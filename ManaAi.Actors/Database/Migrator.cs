using System.Security.Cryptography;
using System.Text;
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

    private const string Prepare = """
        create table if not exists mana_ai.migrations (
            name        text        primary key,
            checksum    text        not null,
            applied_at  timestamptz not null default now()
        )
        """;

    /// <returns>How many were applied now, and the last there is.</returns>
    /// <exception cref="MigrationException">The schema cannot be made, or holds a migration of other content.</exception>
    public static async Task<(int Applied, string Last)> RunAsync(
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

        await EnsureSchemaAsync(transaction, cancellationToken);
        await ExecuteAsync(transaction, Prepare, cancellationToken);
        var result = await ApplyAsync(transaction, cancellationToken);
        await GrantAsync(transaction, probe.Login, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

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

        try
        {
            await ExecuteAsync(transaction, "create schema mana_ai", cancellationToken);
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new MigrationException(
                $"The schema mana_ai is missing and may not be made: {LogAccessProbe.Remedy}"
            );
        }
    }

    private static async Task<(int Applied, string Last)> ApplyAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        var applied = await ReadAppliedAsync(transaction, cancellationToken);
        var (count, last) = (0, "");
        foreach (var (name, text) in Sql.Scripts("Migrations"))
        {
            var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            last = name;
            if (applied.TryGetValue(name, out var known))
            {
                if (known != checksum)
                {
                    throw new MigrationException(
                        $"Migration {name} was applied with other content: this database belongs to another build; "
                            + "run the version that made it, or drop the schema mana_ai to fold everything anew"
                    );
                }

                continue;
            }

            await ExecuteAsync(transaction, text, cancellationToken);
            await using var note = transaction
                .Command(Sql.Get("NoteMigration"))
                .Add("name", name)
                .Add("checksum", checksum);
            await note.ExecuteNonQueryAsync(cancellationToken);
            count++;
        }

        return (count, last);
    }

    private static async Task<Dictionary<string, string>> ReadAppliedAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("AppliedMigrations"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var applied = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            applied[reader.GetString(0)] = reader.GetString(1);
        }

        return applied;
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
