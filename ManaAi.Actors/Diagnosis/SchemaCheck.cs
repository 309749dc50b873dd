using System.Text.RegularExpressions;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Diagnosis;

/// <summary>
/// Whether the schema mana_ai is what the migrations make: which of them were applied, what differs, and who may do what.
/// </summary>
/// <remarks>
/// What it should be is not written down a second time: the migrations that were applied are run once more as temporary
/// tables, which nobody else sees, in a transaction that is rolled back. So the server compares what it says of both.
/// </remarks>
internal static partial class SchemaCheck
{
    private const string RunRoles =
        "run docker/postgres/roles.sql once more, as a superuser: it puts owners and grants right";

    public static async Task<IReadOnlyList<Symptom>> RunAsync(
        SyncDatabase database,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var state = await MigrationState.ReadAsync(transaction, cancellationToken);
        if (state.Checksums.Count == 0)
        {
            return
            [
                Symptom.Fault(
                    Checks.Schema,
                    "There is no schema mana_ai yet, or nothing in it.",
                    "run `mana-ai migrate`, or start the service, which does the same"
                ),
            ];
        }

        var symptoms = new List<Symptom>(OfMigrations(state));
        symptoms.AddRange(await OfGrantsAsync(transaction, cancellationToken));
        if (state.Unknown.Count == 0 && state.Altered.Count == 0)
        {
            symptoms.AddRange(await OfPartsAsync(transaction, state, cancellationToken));
        }

        return symptoms.Count > 0
            ? symptoms
            :
            [
                Symptom.Well(
                    Checks.Schema,
                    $"As the {state.Applied.Count} migrations of this version make it."
                ),
            ];
    }

    private static IEnumerable<Symptom> OfMigrations(MigrationState state)
    {
        foreach (var migration in state.Pending)
        {
            yield return Symptom.Fault(
                Checks.Schema,
                $"The migration {migration.Name} is missing.",
                "run `mana-ai migrate`, or start the service, which does the same"
            );
        }

        foreach (var name in state.Altered)
        {
            yield return Symptom.Fault(
                Checks.Schema,
                $"The migration {name} was applied with other content: this database belongs to another build. What "
                    + "else differs was not looked at.",
                "run the version that made it, or drop the schema mana_ai to fold everything anew"
            );
        }

        foreach (var name in state.Unknown)
        {
            yield return Symptom.Warning(
                Checks.Schema,
                $"The migration {name} is not known to this version: a newer one was here. What else differs was not "
                    + "looked at.",
                "run the newer version's `mana-ai doctor`, and upgrade the nodes that are left behind"
            );
        }
    }

    private static async Task<IReadOnlyList<Symptom>> OfGrantsAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("SchemaGrants"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var symptoms = new List<Symptom>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (table, owner) = (reader.GetString(0), reader.GetString(1));
            var lacking = reader.GetFieldValue<string[]>(2);
            if (lacking.Length > 0)
            {
                symptoms.Add(
                    Symptom.Fault(
                        Checks.Schema,
                        $"This login may not {string.Join(", ", lacking)} on mana_ai.{table}.",
                        RunRoles
                    )
                );
            }

            if (reader.GetBoolean(3))
            {
                symptoms.Add(
                    Symptom.Warning(
                        Checks.Schema,
                        $"Everyone, or mana_ai_user, has rights on mana_ai.{table}, where other users' texts stand.",
                        RunRoles
                    )
                );
            }

            if (!reader.IsDBNull(4) && owner != LogAccess.OwnerRole)
            {
                symptoms.Add(
                    Symptom.Warning(
                        Checks.Schema,
                        $"mana_ai.{table} belongs to {owner} and not to {LogAccess.OwnerRole}, so no migration can change it.",
                        RunRoles
                    )
                );
            }
        }

        return symptoms;
    }

    private static async Task<IEnumerable<Symptom>> OfPartsAsync(
        DatabaseTransaction transaction,
        MigrationState state,
        CancellationToken cancellationToken
    )
    {
        try
        {
            foreach (var sql in state.Applied.Select(migration => migration.Text).Prepend(Migrator.Prepare))
            {
                await using var make = transaction.Command(SchemaName().Replace(sql, "pg_temp."));
                await make.ExecuteNonQueryAsync(cancellationToken);
            }
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return
            [
                Symptom.Warning(
                    Checks.Schema,
                    "It was not compared with the migrations, since this login may not make temporary tables.",
                    "grant it as the database's owner: GRANT TEMPORARY ON DATABASE "
                        + $"\"{transaction.Connection.Database.Replace("\"", "\"\"", StringComparison.Ordinal)}\" "
                        + "TO mana_ai_reader"
                ),
            ];
        }

        var (own, temporary) = await ReadOidsAsync(transaction, cancellationToken);
        return SchemaDrift
            .Compare(
                await SchemaPart.ReadAllAsync(transaction, temporary, cancellationToken),
                await SchemaPart.ReadAllAsync(transaction, own, cancellationToken)
            )
            .ToList();
    }

    private static async Task<(long Own, long Temporary)> ReadOidsAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("SchemaOids"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    [GeneratedRegex(@"\bmana_ai\.", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SchemaName();
}
