using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Overviews;

/// <summary>Reads how well the change log is read. The log itself is only asked for rows of the time to come.</summary>
public sealed class LogHealthReader(SyncDatabase database, FeedOptions options)
{
    private const long RowsMax = 20;

    public async Task<LogHealth> ReadAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        LogHealth health;
        await using (var batch = transaction.Batch())
        {
            batch.Then(Sql.Get("LogCursor"));
            batch.Then(Sql.Get("WritingTransactions")).Add("rows_max", RowsMax);
            batch.Then(Sql.Get("LateRows"));
            batch.Then(Sql.Get("ObstaclesOfMissions"));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            health = ReadCursor(reader);
            await reader.NextResultAsync(cancellationToken);
            health = health with
            {
                Transactions = await AllAsync(reader, ReadTransaction, cancellationToken),
            };
            await reader.NextResultAsync(cancellationToken);
            health = health with { Days = await AllAsync(reader, ReadDay, cancellationToken) };
            await reader.NextResultAsync(cancellationToken);
            health = health with
            {
                Obstacles = await AllAsync(
                    reader,
                    row => (row.GetString(0), row.GetInt64(1)),
                    cancellationToken
                ),
            };
        }

        // The bound is a value: as an expression the planner would take a third of the log for it.
        await using var future = transaction
            .Command(Sql.Get("FutureRows"))
            .Add("after", health.Now + options.FutureMax)
            .Add("rows_max", RowsMax);
        await using var rows = await future.ExecuteReaderAsync(cancellationToken);
        return health with { FutureRows = await AllAsync(rows, ReadFuture, cancellationToken) };
    }

    private static LogHealth ReadCursor(NpgsqlDataReader reader)
    {
        var (xmin, xmax) = (reader.GetInt64(4), reader.GetInt64(5));
        return new LogHealth(reader.GetInstant(0))
        {
            ReadAt = reader.GetNullable<DateTimeOffset>(1),
            SweptAt = reader.GetNullable<DateTimeOffset>(2),
            Generation = reader.GetNullable<int>(3),
            HorizonAge = xmax - xmin,
            IsOpenSinceRead = xmin < xmax && xmin < reader.GetNullable<long>(6),
            IsOpenSinceSweep = xmin < xmax && xmin < reader.GetNullable<long>(7),
            FoldedKept = reader.GetInt64(8),
        };
    }

    private static OpenTransaction ReadTransaction(NpgsqlDataReader reader) =>
        new(
            reader.GetString(0),
            reader.GetText(1),
            reader.GetNullable<DateTimeOffset>(2),
            reader.GetInt32(3)
        );

    private static DayOfRows ReadDay(NpgsqlDataReader reader) =>
        new(
            DateOnly.FromDateTime(reader.GetInstant(0).UtcDateTime),
            reader.GetInt64(1),
            reader.GetInt64(2),
            reader.GetInt64(3)
        );

    private static FutureRow ReadFuture(NpgsqlDataReader reader) =>
        new(
            reader.GetString(0),
            reader.GetString(1),
            reader.GetString(2),
            reader.GetText(3),
            reader.GetInstant(4),
            reader.GetTimeSpan(5)
        );

    private static async Task<IReadOnlyList<T>> AllAsync<T>(
        NpgsqlDataReader reader,
        Func<NpgsqlDataReader, T> read,
        CancellationToken cancellationToken
    )
    {
        var all = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            all.Add(read(reader));
        }

        return all;
    }
}
