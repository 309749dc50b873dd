using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// Folds given records again from the log, as the feed does with a record that a late row stands behind: under the
/// cursor's lock, which keeps every node from folding meanwhile.
/// </summary>
public static class RecordRefold
{
    /// <summary>Write-backs of these records wait for the transaction, so it stays short.</summary>
    private const int RecordsMax = 100;

    /// <returns>
    /// How many were folded. Records of which the log has no row are forgotten; none is folded where the next tick folds
    /// everything anew.
    /// </returns>
    public static async Task<int> RunAsync(
        SyncDatabase database,
        LogShape shape,
        IEnumerable<RecordKey> keys,
        CancellationToken cancellationToken
    )
    {
        var folded = 0;
        foreach (var part in keys.Chunk(RecordsMax))
        {
            await using var transaction = await database.BeginAsync(cancellationToken);
            await using (var wait = transaction.Command(Sql.Get("AwaitCursor")))
            {
                await wait.ExecuteNonQueryAsync(cancellationToken);
            }

            folded += await FoldAsync(transaction, shape, part, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return folded;
    }

    /// <summary>The same within a transaction that has waited for the cursor.</summary>
    internal static async Task<int> FoldAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        RecordKey[] keys,
        CancellationToken cancellationToken
    )
    {
        var cursor = await FeedCursor.LockAsync(transaction, shape, cancellationToken);
        if (cursor?.ReasonToStartAnew() is not null || cursor is null)
        {
            return 0;
        }

        await ProjectionStore.LockAsync(transaction, keys, [], bytesMax: 0, cancellationToken);
        var read = new List<ChangeRow>();
        var records = new List<ProjectedRecord>();
        foreach (var key in keys)
        {
            var record = (
                await RecordReader.FoldAsync(
                    transaction,
                    shape,
                    key,
                    cursor.SweepXmin,
                    read,
                    cancellationToken
                )
            ).Record;
            if (record.Stored.Position == default)
            {
                await ForgetAsync(transaction, key, cancellationToken);
            }
            else
            {
                records.Add(record);
            }
        }

        await ProjectionStore.SaveAsync(transaction, records, read, cancellationToken);
        return keys.Length;
    }

    private static async Task ForgetAsync(
        DatabaseTransaction transaction,
        RecordKey key,
        CancellationToken cancellationToken
    )
    {
        var statement = key.TableName == RecordKey.MissionsTable ? "ForgetMission" : "ForgetAgent";
        await using var forget = transaction
            .Command(Sql.Get(statement))
            .Add("user", key.UserId)
            .Add("record", key.RecordId);
        await forget.ExecuteNonQueryAsync(cancellationToken);
    }
}
