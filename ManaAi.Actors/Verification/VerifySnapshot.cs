using System.Data;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Verification;

/// <summary>
/// One state of the database for several connections: log, projection and ledger are read side by side, row by row, and
/// none of them may be a moment ahead of the others. Nothing can be written through it.
/// </summary>
internal sealed class VerifySnapshot : IAsyncDisposable
{
    private readonly SyncDatabase _database;
    private readonly string _name;

    private VerifySnapshot(
        SyncDatabase database,
        DatabaseTransaction main,
        string name,
        DateTimeOffset takenAt
    ) => (_database, Main, _name, TakenAt) = (database, main, name, takenAt);

    /// <summary>The database's clock.</summary>
    public DateTimeOffset TakenAt { get; }

    /// <summary>For single questions; the streams have connections of their own.</summary>
    public DatabaseTransaction Main { get; }

    public static async Task<VerifySnapshot> TakeAsync(
        SyncDatabase database,
        CancellationToken cancellationToken
    )
    {
        var main = await database.BeginAsync(
            cancellationToken,
            SyncDatabase.LongStatementMax,
            IsolationLevel.RepeatableRead
        );
        try
        {
            await main.LengthenDeadlinesAsync(cancellationToken);
            await using var export = main.Command(
                "set transaction read only; select pg_export_snapshot(), clock_timestamp()"
            );
            await using var reader = await export.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return new VerifySnapshot(database, main, reader.GetString(0), reader.GetInstant(1));
        }
        catch
        {
            await main.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another connection that sees the same.</summary>
    public async Task<DatabaseTransaction> BeginAsync(CancellationToken cancellationToken)
    {
        var connection = await _database.OpenLastingAsync(cancellationToken);
        try
        {
            var begun = new DatabaseTransaction(
                connection,
                await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken),
                SyncDatabase.LongStatementMax
            );
            // Before any other statement. The name comes from PostgreSQL itself, and a parameter may not stand there.
            await using (var join = begun.Command($"set transaction snapshot '{_name}'"))
            {
                await join.ExecuteNonQueryAsync(cancellationToken);
            }

            await using var prepare = begun.Command(
                "set transaction read only; select set_config('work_mem', '64MB', true)"
            );
            await prepare.ExecuteNonQueryAsync(cancellationToken);
            await begun.LengthenDeadlinesAsync(cancellationToken);
            return begun;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a stream on a connection of its own.</summary>
    public async Task<KeyedStream<T>> StreamAsync<T>(
        string sql,
        Action<NpgsqlCommand> addValues,
        Func<NpgsqlDataReader, T> read,
        Func<T, RecordKey> keyOf,
        CancellationToken cancellationToken
    )
        where T : class
    {
        var transaction = await BeginAsync(cancellationToken);
        try
        {
            var command = transaction.Command(sql);
            addValues(command);
            return await KeyedStream<T>.OpenAsync(transaction, command, read, keyOf, cancellationToken);
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Main.DisposeAsync();
}
