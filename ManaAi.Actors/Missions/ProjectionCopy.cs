using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Actors.Missions;

/// <summary>
/// Writes records into a projection that has none of them: one COPY for as many batches as may be, since each that ends
/// is waited for.
/// </summary>
internal sealed class ProjectionCopy(DatabaseTransaction transaction) : IAsyncDisposable
{
    private NpgsqlBinaryImporter? _copy;

    /// <param name="nearSnapshot">Rows in these records that the next read would ask for again.</param>
    public async Task SaveAsync(
        IReadOnlyList<ProjectedRecord> records,
        IReadOnlyList<ChangeRow> nearSnapshot,
        CancellationToken cancellationToken
    )
    {
        var agents = records.Where(record => record.Agent is not null).ToList();
        if (agents.Count > 0 || nearSnapshot.Count > 0)
        {
            // Few batches have any, and the connection serves one statement at a time.
            await CompleteAsync(cancellationToken);
            await ProjectionStore.SaveAsync(transaction, agents, nearSnapshot, cancellationToken);
        }

        foreach (var record in records.Where(record => record.Mission is not null))
        {
            _copy ??= await BeginAsync(cancellationToken);
            await CopyMissionAsync(_copy, record.Stored, record.Mission!, cancellationToken);
        }
    }

    /// <summary>Without it nothing is written of what was copied last.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (_copy is { } copy)
        {
            await copy.CompleteAsync(cancellationToken);
            await DisposeAsync();
        }
    }

    /// <summary>Cancels a COPY that is not complete.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_copy is { } copy)
        {
            _copy = null;
            await copy.DisposeAsync();
        }
    }

    private async Task<NpgsqlBinaryImporter> BeginAsync(CancellationToken cancellationToken)
    {
        var copy = await transaction.Connection.BeginBinaryImportAsync(
            Sql.Get("CopyMissions"),
            cancellationToken
        );
        // A server that writes back what a large projection has made dirty may take nothing for a long time.
        copy.Timeout = SyncDatabase.LongStatementMax;
        return copy;
    }

    private static async Task CopyMissionAsync(
        NpgsqlBinaryImporter copy,
        StoredRecord stored,
        MissionState mission,
        CancellationToken cancellationToken
    )
    {
        await copy.StartRowAsync(cancellationToken);
        await copy.WriteAsync(stored.Key.UserId, NpgsqlDbType.Text, cancellationToken);
        await copy.WriteAsync(stored.Key.RecordId, NpgsqlDbType.Text, cancellationToken);
        await WriteJsonAsync(copy, stored.Record, cancellationToken);
        await WriteJsonAsync(copy, stored.FieldTimes, cancellationToken);
        await WriteTextAsync(copy, mission.State, cancellationToken);
        await WriteInstantAsync(copy, mission.NextRunAt, cancellationToken);
        await WriteTextAsync(copy, mission.AgentId, cancellationToken);
        await copy.WriteAsync(mission.IsDeleted, NpgsqlDbType.Boolean, cancellationToken);
        await WriteTextAsync(copy, mission.Obstacle, cancellationToken);
        await WriteInstantAsync(copy, mission.RunningUntil, cancellationToken);
        await copy.WriteAsync(mission.NeedsSchedule, NpgsqlDbType.Boolean, cancellationToken);
        await WriteInstantAsync(copy, stored.IterationsAt, cancellationToken);
        if (stored.NewerSchema is { } newerSchema)
        {
            await copy.WriteAsync(newerSchema, NpgsqlDbType.Integer, cancellationToken);
        }
        else
        {
            await copy.WriteNullAsync(cancellationToken);
        }

        await WriteInstantAsync(copy, stored.Position.CreatedAt, cancellationToken);
        await copy.WriteAsync(stored.Position.Id, NpgsqlDbType.Uuid, cancellationToken);
    }

    private static Task WriteJsonAsync(
        NpgsqlBinaryImporter copy,
        ReadOnlyMemory<byte>? json,
        CancellationToken cancellationToken
    ) =>
        json is { } bytes
            ? copy.WriteAsync(bytes, NpgsqlDbType.Jsonb, cancellationToken)
            : copy.WriteNullAsync(cancellationToken);

    private static Task WriteTextAsync(
        NpgsqlBinaryImporter copy,
        string? text,
        CancellationToken cancellationToken
    ) =>
        text is not null
            ? copy.WriteAsync(text, NpgsqlDbType.Text, cancellationToken)
            : copy.WriteNullAsync(cancellationToken);

    private static Task WriteInstantAsync(
        NpgsqlBinaryImporter copy,
        DateTimeOffset? instant,
        CancellationToken cancellationToken
    ) =>
        instant is { } value
            ? copy.WriteAsync(value, NpgsqlDbType.TimestampTz, cancellationToken)
            : copy.WriteNullAsync(cancellationToken);
}
