using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Missions;

/// <summary>The rows of the projection: read under lock, in key order, and written many at a time.</summary>
internal static class ProjectionStore
{
    /// <summary>
    /// Locks and reads what is stored of these records, missions before agents; new ones are missing. Then, under these
    /// locks, which of these rows of the log are folded already. In one round trip.
    /// </summary>
    /// <param name="bytesMax">
    /// How much of them is read, one at least unless it is 0: a field may change in each of thousands that are large.
    /// </param>
    public static async Task<LockedRecords> LockAsync(
        DatabaseTransaction transaction,
        IReadOnlyCollection<RecordKey> keys,
        IReadOnlyCollection<Guid> rows,
        long bytesMax,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        var tables = new List<string>();
        foreach (var (table, statement) in Tables)
        {
            var own = keys.Where(key => key.TableName == table).ToArray();
            if (own.Length > 0)
            {
                tables.Add(table);
                batch
                    .Then(Sql.Get(statement))
                    .Add("users", own.Select(key => key.UserId).ToArray())
                    .Add("records", own.Select(key => key.RecordId).ToArray())
                    .Add("bytes_max", bytesMax);
            }
        }

        batch.Then(Sql.Get("FoldedAmong")).Add("ids", rows.ToArray());
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var stored = new Dictionary<RecordKey, StoredRecord>(keys.Count);
        var left = new HashSet<RecordKey>();
        var bytes = 0L;
        foreach (var table in tables)
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var record = Read(reader, table);
                if (reader.GetBoolean(8) && (stored.Count == 0 || bytes + record.JsonBytes <= bytesMax))
                {
                    stored[record.Key] = record;
                    bytes += record.JsonBytes;
                }
                else
                {
                    left.Add(record.Key);
                }
            }

            await reader.NextResultAsync(cancellationToken);
        }

        var folded = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            folded.Add(reader.GetGuid(0));
        }

        return new LockedRecords(stored, left, folded);
    }

    /// <summary>Writes records, and notes which rows are folded, in one round trip.</summary>
    public static async Task SaveAsync(
        DatabaseTransaction transaction,
        IReadOnlyList<ProjectedRecord> records,
        IReadOnlyCollection<ChangeRow> folded,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        AddSave(batch, records);
        AddFolded(batch, folded);
        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public static void AddSave(NpgsqlBatch batch, IReadOnlyList<ProjectedRecord> records)
    {
        var missions = records.Where(record => record.Mission is not null).ToArray();
        var agents = records.Where(record => record.Agent is not null).ToArray();
        if (missions.Length > 0)
        {
            AddMissionColumns(batch.Then(Sql.Get("SaveMissions")), missions);
        }

        if (agents.Length > 0)
        {
            AddAgentColumns(batch.Then(Sql.Get("SaveAgents")), agents);
        }
    }

    /// <summary>Notes that these rows are folded, so that no later read takes them again.</summary>
    public static void AddFolded(NpgsqlBatch batch, IReadOnlyCollection<ChangeRow> rows)
    {
        if (rows.Count > 0)
        {
            batch
                .Then(Sql.Get("RecordFolded"))
                .Add("ids", rows.Select(row => row.Position.Id).ToArray())
                .Add("users", rows.Select(row => row.Key.UserId).ToArray())
                .Add("tables", rows.Select(row => row.Key.TableName).ToArray())
                .Add("records", rows.Select(row => row.Key.RecordId).ToArray())
                .Add("xids", rows.Select(row => row.Xid).ToArray());
        }
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

    /// <summary>The columns of missions, each an array.</summary>
    public static void AddMissionColumns(NpgsqlBatchCommand command, ProjectedRecord[] records)
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

    private static void AddAgentColumns(NpgsqlBatchCommand command, ProjectedRecord[] records)
    {
        AddStoredColumns(command, records);
        command
            .Add("names", records.Select(record => record.Agent!.Name).ToArray())
            .Add("states", records.Select(record => record.Agent!.State).ToArray())
            .Add("max_concurrents", records.Select(record => record.Agent!.MaxConcurrentMissions).ToArray())
            .Add("max_tokens", records.Select(record => record.Agent!.MaxTokensPerDay).ToArray())
            .Add("deleteds", records.Select(record => record.Agent!.IsDeleted).ToArray());
    }

    private static void AddStoredColumns(NpgsqlBatchCommand command, ProjectedRecord[] records) =>
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

/// <param name="Stored">What is stored of them.</param>
/// <param name="Left">Those that are stored too, and would have been more than the bound allows.</param>
/// <param name="Folded">Those of the rows asked for that are folded already.</param>
internal sealed record LockedRecords(
    IReadOnlyDictionary<RecordKey, StoredRecord> Stored,
    IReadOnlySet<RecordKey> Left,
    IReadOnlySet<Guid> Folded
);
