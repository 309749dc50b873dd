using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;

namespace ManaAi.Actors.Verification;

/// <summary>Rows of single records, in the same snapshot, for the few that need a second look.</summary>
internal sealed class RecordSource(DatabaseTransaction transaction, LogShape shape, PendingBound bound)
{
    public LogGeneration Generation => shape.Generation;

    /// <summary>Hands out the record's rows in the order of the fold, one in memory at a time.</summary>
    public async Task ForEachAsync(
        RecordKey key,
        Action<LoggedChange> take,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(shape.Statement("VerifyRecord"))
            .Add("table", key.TableName)
            .Add("record", key.RecordId)
            .Add("user", key.UserId)
            .Add("xmin", bound.Xmin)
            .Add("since", bound.Since);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            take(VerifyRows.ReadChange(reader));
        }
    }

    /// <returns>The key of the record whose row has this id; null where there is no such row.</returns>
    public async Task<RecordKey?> FindChangeAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = transaction.Command(Sql.Get("FindChange")).Add("id", id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new RecordKey(
                reader.GetString(0),
                reader.GetString(1),
                reader.GetString(2),
                reader.GetString(3)
            )
            : null;
    }
}

/// <summary>Which rows the feed can still find: at or after this transaction id, and not created before.</summary>
internal sealed record PendingBound(long Xmin, DateTimeOffset Since)
{
    /// <summary>Where there is no projection to compare with, nothing is pending.</summary>
    public static PendingBound None { get; } = new(3, DateTimeOffset.MaxValue);

    public static PendingBound Of(FeedCursor cursor, FeedOptions options)
    {
        var margin = cursor.ReadAt!.Value - options.Margin;
        var window = cursor.SweptAt!.Value - options.SweepWindow;
        return new PendingBound(cursor.SweepXmin, margin < window ? margin : window);
    }
}
