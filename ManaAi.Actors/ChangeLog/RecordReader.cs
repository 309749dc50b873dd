using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.ChangeLog;

/// <summary>Folds one record from nothing, row by row, so that a record of many changes needs no more memory than one of few.</summary>
internal static class RecordReader
{
    /// <param name="read">
    /// Takes each row read whose transaction id is at or after the sweep's xmin: a later read would ask for it again.
    /// </param>
    public static async Task<FoldedRecord> FoldAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        RecordKey key,
        long sweepXmin,
        List<ChangeRow> read,
        CancellationToken cancellationToken
    )
    {
        var projection = await ProjectAsync(transaction, shape, key, sweepXmin, read, cancellationToken);
        return new FoldedRecord(projection.ToRecord(), projection.Unfolded);
    }

    /// <summary>The records that a user has in a table of the log.</summary>
    public static async Task<IReadOnlyList<string>> IdsAsync(
        DatabaseTransaction transaction,
        UserTable owner,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("RecordsOf"))
            .Add("table", owner.TableName)
            .Add("user", owner.UserId)
            .Add("id_bytes_max", RecordKey.RecordIdBytesMax);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    public static async Task<RecordProjection> ProjectAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        RecordKey key,
        long sweepXmin,
        List<ChangeRow> read,
        CancellationToken cancellationToken
    )
    {
        var projection = new RecordProjection(shape.Generation, key);
        await using var command = transaction
            .Command(shape.Statement("ReadRecord"))
            .Add("table", key.TableName)
            .Add("record", key.RecordId)
            .Add("user", key.UserId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = ChangeRowReader.Read(reader, 0);
            projection.Add(row);
            if (Xid.IsAtOrAfter(row.Xid, sweepXmin))
            {
                read.Add(row with { Data = null, Stamps = null });
            }
        }

        return projection;
    }
}
