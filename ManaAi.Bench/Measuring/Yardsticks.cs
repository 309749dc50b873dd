using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Bench.Measuring;

/// <summary>What the same work costs bare: by PostgreSQL alone, or in a loop that does nothing else.</summary>
internal sealed class Yardsticks(BenchDatabase database)
{
    /// <summary>Reads the log in the order of the fold, and drops it.</summary>
    public async Task CopyLogAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var copy = await connection.BeginRawBinaryCopyAsync(
            """
            copy (select id, user_id, record_id, op, data, field_meta, schema_version, created_at
                    from public.sync_changes where app_id = 'ai' and table_name in ('aiMissions', 'agents')
                   order by created_at, id) to stdout (format binary)
            """,
            cancellationToken
        );
        var buffer = new byte[1 << 16];
        while (await copy.ReadAsync(buffer, cancellationToken) > 0)
        {
            // Only the reading counts.
        }
    }

    /// <summary>Writes the whole projection into a table that is like it.</summary>
    public async Task UpsertAsync(CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            """
            drop schema if exists bench cascade;
            create schema bench;
            create table bench.missions (like mana_ai.missions including all)
            """,
            cancellationToken
        );
        await database.ExecuteAsync(
            """
            insert into bench.missions select * from mana_ai.missions
                on conflict (user_id, mission_id) do update set record = excluded.record
            """,
            cancellationToken
        );
    }

    /// <summary>The two queries that an idle tick cannot do without: what is new, and what is due.</summary>
    public async Task<Sample> IdleQueriesAsync(int times, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var shape = await LogShape.ReadAsync(connection, cancellationToken);
        await using var changes = new NpgsqlCommand(shape!.Statement("ReadChanges"), connection);
        changes.Parameters.AddWithValue(
            "since",
            TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(2)
        );
        changes.Parameters.AddWithValue("since_id", Guid.Empty);
        changes.Parameters.AddWithValue("xmin", await XminAsync(cancellationToken));
        changes.Parameters.AddWithValue("rows_max", 10_000L);
        changes.Parameters.AddWithValue("bytes_max", 1L << 26);
        await using var due = new NpgsqlCommand(
            """
            select user_id, mission_id, next_run_at from mana_ai.missions
             where state = 'active' and not deleted and obstacle is null and next_run_at <= now()
            """,
            connection
        );
        return await Sample.OfAsync(
            times,
            async () =>
            {
                await changes.ExecuteNonQueryAsync(cancellationToken);
                await due.ExecuteNonQueryAsync(cancellationToken);
            }
        );
    }

    /// <summary>A bare write-back in a loop on so many connections: the rows that a plan has to write, and no guard.</summary>
    /// <returns>How many a second.</returns>
    public async Task<double> WriteBacksAsync(int connections, int count, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            """
            drop schema if exists bench cascade;
            create schema bench;
            create table bench.runs (like mana_ai.runs including all excluding identity);
            create table bench.changes (like public.sync_changes including all)
            """,
            cancellationToken
        );
        var keys = await KeysAsync(count, cancellationToken);
        var sample = new Sample();
        await sample.AddAsync(() =>
            Parallel.ForEachAsync(
                keys,
                new ParallelOptions
                {
                    MaxDegreeOfParallelism = connections,
                    CancellationToken = cancellationToken,
                },
                async (key, cancel) => await WriteBackAsync(key, cancel)
            )
        );
        return count * 1000.0 / sample.Median;
    }

    private async Task WriteBackAsync((string User, string Mission) key, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection, transaction);
        Add("select record from mana_ai.missions where user_id = @user and mission_id = @mission for update");
        Add(
            """
            insert into bench.runs (run_id, user_id, mission_id, due_at)
            overriding system value
            values (hashtextextended(@user || @mission, 1), @user, @mission, now())
            """
        );
        Add(
            """
            insert into bench.changes (app_id, table_name, record_id, user_id, op, client_id, data)
            select 'ai', 'aiMissions', mission_id, user_id, 'update', 'bench', record
              from mana_ai.missions where user_id = @user and mission_id = @mission
            """
        );
        Add("update mana_ai.missions set record = record where user_id = @user and mission_id = @mission");
        Add(
            """
            update bench.runs set verdict = 'planned', closed_at = now(), iteration_id = gen_random_uuid()
             where user_id = @user and mission_id = @mission
            """
        );
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        void Add(string sql)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.AddWithValue("user", key.User);
            command.Parameters.AddWithValue("mission", key.Mission);
            batch.BatchCommands.Add(command);
        }
    }

    private async Task<List<(string User, string Mission)>> KeysAsync(
        int count,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Source.CreateCommand(
            string.Create(
                CultureInfo.InvariantCulture,
                $"select user_id, mission_id from mana_ai.missions order by mission_id limit {count}"
            )
        );
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add((reader.GetString(0), reader.GetString(1)));
        }

        return keys;
    }

    private Task<long> XminAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<long>(
            "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
            cancellationToken
        );
}
