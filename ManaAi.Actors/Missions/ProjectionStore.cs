using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Missions;

/// <summary>The rows of the projection: read under lock, in key order, and written many at a time.</summary>
internal static class ProjectionStore
{
    /// <summary>Locks and reads what is stored of these records, missions before agents; new ones are missing.</summary>
    public static async Task<Dictionary<RecordKey, StoredRecord>> LockAsync(
        DatabaseTransaction transaction,
        IReadOnlyCollection<RecordKey> keys,
        CancellationToken cancellationToken
    )
    {
        var stored = new Dictionary<RecordKey, StoredRecord>(keys.Count);
        foreach (var (table, statement) in Tables)
        {
            var own = keys.Where(key => key.TableName == table).ToArray();
            if (own.Length == 0)
            {
                continue;
            }

            await using var command = transaction
                .Command(Sql.Get(statement))
                .Add("users", own.Select(key => key.UserId).ToArray())
                .Add("records", own.Select(key => key.RecordId).ToArray());
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var record = Read(reader, table);
                stored[record.Key] = record;
            }
        }

        return stored;
    }

    public static async Task SaveAsync(
        DatabaseTransaction transaction,
        IReadOnlyList<ProjectedRecord> records,
        CancellationToken cancellationToken
    )
    {
        var missions = records.Where(record => record.Mission is not null).ToArray();
        var agents = records.Where(record => record.Agent is not null).ToArray();
        if (missions.Length > 0)
        {
            await using var command = transaction.Command(Sql.Get("SaveMissions"));
            AddMissionColumns(command, missions);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        if (agents.Length > 0)
        {
            await using var command = transaction.Command(Sql.Get("SaveAgents"));
            AddAgentColumns(command, agents);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Notes that these rows are folded, so that no later read takes them again.</summary>
    public static async Task RecordFoldedAsync(
        DatabaseTransaction transaction,
        IReadOnlyCollection<ChangeRow> rows,
        CancellationToken cancellationToken
    )
    {
        if (rows.Count == 0)
        {
            return;
        }

        await using var command = transaction
            .Command(Sql.Get("RecordFolded"))
            .Add("ids", rows.Select(row => row.Position.Id).ToArray())
            .Add("users", rows.Select(row => row.Key.UserId).ToArray())
            .Add("tables", rows.Select(row => row.Key.TableName).ToArray())
            .Add("records", rows.Select(row => row.Key.RecordId).ToArray())
            .Add("xids", rows.Select(row => row.Xid).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static StoredRecord Read(NpgsqlDataReader reader, string table) =>
        new(
            new RecordKey(reader.GetString(0), RecordKey.App, table, reader.GetString(1)),
            reader.GetJson(2),
            reader.GetJson(3),
            new ChangePosition(reader.GetInstant(4), reader.GetGuid(5)),
            reader.GetNullable<int>(6),
            reader.GetNullable<DateTimeOffset>(7)
        );

    private static (string Table, string Statement)[] Tables { get; } =
    [(RecordKey.MissionsTable, "LockMissions"), (RecordKey.AgentsTable, "LockAgents")];

    private static void AddMissionColumns(NpgsqlCommand command, ProjectedRecord[] records)
    {
        AddStoredColumns(command, records);
        command
            .Add("states", records.Select(record => record.Mission!.State).ToArray())
            .Add("next_run_ats", records.Select(record => record.Mission!.NextRunAt).ToArray())
            .Add("agents", records.Select(record => record.Mission!.AgentId).ToArray())
            .Add("deleteds", records.Select(record => record.Mission!.IsDeleted).ToArray())
            .Add("obstacles", records.Select(record => record.Mission!.Obstacle).ToArray())
            .Add("running_untils", records.Select(record => record.Mission!.RunningUntil).ToArray())
            .Add("needs_schedules", records.Select(record => record.Mission!.NeedsSchedule).ToArray())
            .Add("iterations_ats", records.Select(record => record.Stored.IterationsAt).ToArray());
    }

    private static void AddAgentColumns(NpgsqlCommand command, ProjectedRecord[] records)
    {
        AddStoredColumns(command, records);
        command
            .Add("names", records.Select(record => record.Agent!.Name).ToArray())
            .Add("states", records.Select(record => record.Agent!.State).ToArray())
            .Add("max_concurrents", records.Select(record => record.Agent!.MaxConcurrentMissions).ToArray())
            .Add("max_tokens", records.Select(record => record.Agent!.MaxTokensPerDay).ToArray())
            .Add("deleteds", records.Select(record => record.Agent!.IsDeleted).ToArray());
    }

    private static void AddStoredColumns(NpgsqlCommand command, ProjectedRecord[] records) =>
        command
            .Add("users", records.Select(record => record.Stored.Key.UserId).ToArray())
            .Add("records", records.Select(record => record.Stored.Key.RecordId).ToArray())
            .Add("jsons", records.Select(record => Text(record.Stored.Record)).ToArray())
            .Add("times", records.Select(record => Text(record.Stored.FieldTimes)).ToArray())
            .Add("newer_schemas", records.Select(record => record.Stored.NewerSchema).ToArray())
            .Add("position_ats", records.Select(record => record.Stored.Position.CreatedAt).ToArray())
            .Add("position_ids", records.Select(record => record.Stored.Position.Id).ToArray());

    private static string? Text(ReadOnlyMemory<byte>? json) =>
        json is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes.Span) : null;
}
