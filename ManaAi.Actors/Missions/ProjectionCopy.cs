using ManaAi.Actors.Database;
using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Actors.Missions;

/// <summary>Writes records into a projection that has none of them.</summary>
internal static class ProjectionCopy
{
    public static async Task SaveAsync(
        DatabaseTransaction transaction,
        IReadOnlyList<ProjectedRecord> records,
        CancellationToken cancellationToken
    )
    {
        // Agents are few.
        await ProjectionStore.SaveAsync(
            transaction,
            [.. records.Where(record => record.Agent is not null)],
            cancellationToken
        );
        await using var copy = await transaction.Connection.BeginBinaryImportAsync(
            Sql.Get("CopyMissions"),
            cancellationToken
        );
        foreach (var record in records.Where(record => record.Mission is not null))
        {
            await CopyMissionAsync(copy, record.Stored, record.Mission!, cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
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
