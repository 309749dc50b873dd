using System.Data;
using System.Globalization;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>
/// The door to PostgreSQL. Every transaction has deadlines of its own, set with it and not with the session, so that
/// all works through a transaction pooler.
/// </summary>
/// <remarks>Open for the fault simulation, which stops and breaks what a node does at the borders of transactions.</remarks>
public class SyncDatabase(NpgsqlDataSource source)
{
    /// <summary>Long enough for a fold batch on a busy server, short enough that a tick is not lost to one query.</summary>
    public static TimeSpan StatementMax { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Nobody of ours holds a row for longer than a fold batch takes.</summary>
    public static TimeSpan LockMax { get; } = TimeSpan.FromSeconds(10);

    public NpgsqlDataSource Source => source;

    /// <summary>Begins a transaction; READ COMMITTED, so that each statement sees what is true now.</summary>
    /// <exception cref="NpgsqlException">The database is away, or does not take us.</exception>
    public virtual async Task<DatabaseTransaction> BeginAsync(
        CancellationToken cancellationToken,
        TimeSpan? statementMax = null,
        IsolationLevel isolation = IsolationLevel.ReadCommitted
    )
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(isolation, cancellationToken);
            var begun = Wrap(connection, transaction, statementMax ?? StatementMax);
            await using var limits = begun.Command(
                """
                select set_config('statement_timeout', @statement, true), set_config('lock_timeout', @lock, true),
                       set_config('idle_in_transaction_session_timeout', @idle, true)
                """
            );
            limits.Add("statement", Milliseconds(statementMax ?? StatementMax));
            limits.Add("lock", Milliseconds(LockMax));
            limits.Add("idle", Milliseconds(statementMax ?? StatementMax));
            await limits.ExecuteNonQueryAsync(cancellationToken);
            return begun;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    protected virtual DatabaseTransaction Wrap(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        TimeSpan statementMax
    ) => new(connection, transaction, statementMax);

    private static string Milliseconds(TimeSpan span) =>
        ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}

/// <summary>One transaction on one connection; what is not committed is rolled back when it is disposed.</summary>
public class DatabaseTransaction(
    NpgsqlConnection connection,
    NpgsqlTransaction transaction,
    TimeSpan statementMax
) : IAsyncDisposable
{
    // The server's deadline comes first, and its answer says which it was; ours is for a server that went silent.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(5);

    // 0 is no limit.
    private int _waitSeconds = (int)(statementMax + SilenceMax).TotalSeconds;

    public NpgsqlConnection Connection => connection;

    public virtual NpgsqlCommand Command(string sql) =>
        new(sql, connection, transaction) { CommandTimeout = _waitSeconds };

    public virtual NpgsqlBatch Batch() => new(connection, transaction) { Timeout = _waitSeconds };

    /// <summary>From here on each statement may take as long as it takes. Waiting for a lock stays bounded.</summary>
    public async Task LiftDeadlinesAsync(CancellationToken cancellationToken)
    {
        await using var lift = Command(
            "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"
        );
        await lift.ExecuteNonQueryAsync(cancellationToken);
        _waitSeconds = 0;
    }

    public virtual Task CommitAsync(CancellationToken cancellationToken) =>
        transaction.CommitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

internal static class NpgsqlExtensions
{
    public static NpgsqlCommand Add<T>(this NpgsqlCommand command, string name, T value)
    {
        command.Parameters.Add(Parameter(name, value));
        return command;
    }

    public static NpgsqlBatchCommand Add<T>(this NpgsqlBatchCommand command, string name, T value)
    {
        command.Parameters.Add(Parameter(name, value));
        return command;
    }

    public static NpgsqlParameterCollection Add<T>(
        this NpgsqlParameterCollection parameters,
        string name,
        T value
    )
    {
        parameters.Add(Parameter(name, value));
        return parameters;
    }

    public static NpgsqlBatchCommand Then(this NpgsqlBatch batch, string sql)
    {
        var command = new NpgsqlBatchCommand(sql);
        batch.BatchCommands.Add(command);
        return command;
    }

    public static T? GetNullable<T>(this NpgsqlDataReader reader, int column)
        where T : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);

    public static string? GetText(this NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    public static ReadOnlyMemory<byte>? GetJson(this NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? default(ReadOnlyMemory<byte>?) : reader.GetFieldValue<byte[]>(column);

    /// <summary>timestamptz as an instant in UTC.</summary>
    public static DateTimeOffset GetInstant(this NpgsqlDataReader reader, int column) =>
        reader.GetFieldValue<DateTimeOffset>(column);

    private static NpgsqlParameter Parameter<T>(string name, T value) =>
        new(name, (object?)value ?? DBNull.Value);
}
