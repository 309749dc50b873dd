using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Verification;

/// <summary>Rows in the order of their records' keys, one in memory at a time, to be merged with others.</summary>
internal sealed class KeyedStream<T> : IAsyncDisposable
    where T : class
{
    private readonly DatabaseTransaction _transaction;
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlDataReader _reader;
    private readonly Func<NpgsqlDataReader, T> _read;
    private readonly Func<T, RecordKey> _keyOf;

    private KeyedStream(
        DatabaseTransaction transaction,
        NpgsqlCommand command,
        NpgsqlDataReader reader,
        Func<NpgsqlDataReader, T> read,
        Func<T, RecordKey> keyOf
    ) => (_transaction, _command, _reader, _read, _keyOf) = (transaction, command, reader, read, keyOf);

    /// <summary>null where the stream is at its end.</summary>
    public T? Current { get; private set; }

    public RecordKey? Key => Current is { } current ? _keyOf(current) : null;

    public static async Task<KeyedStream<T>> OpenAsync(
        DatabaseTransaction transaction,
        NpgsqlCommand command,
        Func<NpgsqlDataReader, T> read,
        Func<T, RecordKey> keyOf,
        CancellationToken cancellationToken
    )
    {
        var reader = await command.ExecuteReaderAsync(cancellationToken);
        var stream = new KeyedStream<T>(transaction, command, reader, read, keyOf);
        await stream.MoveAsync(cancellationToken);
        return stream;
    }

    public async Task MoveAsync(CancellationToken cancellationToken) =>
        Current = await _reader.ReadAsync(cancellationToken) ? _read(_reader) : null;

    /// <summary>The next row if it is of this record.</summary>
    public async Task<T?> TakeAsync(RecordKey key, CancellationToken cancellationToken)
    {
        if (Current is not { } current || _keyOf(current) != key)
        {
            return null;
        }

        await MoveAsync(cancellationToken);
        return current;
    }

    public async ValueTask DisposeAsync()
    {
        if (Current is not null)
        {
            // Given up before its end: the rest need not come over the wire.
            _command.Cancel();
        }

        try
        {
            await _reader.DisposeAsync();
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            // As asked for just now.
        }

        await _command.DisposeAsync();
        await _transaction.DisposeAsync();
    }
}
