using System.Data;
using System.Globalization;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>
/// The door to PostgreSQL. Every transaction has deadlines of its own, set with it and not with the session, so that
/// all works through a transaction pooler.
/// </summary>
/// <remarks>Open for the fault simulation, which stops and breaks what a node does at the borders of transactions.</remarks>
/// <param name="preparing">Where statements may be prepared, transactions are on its connections.</param>
public class SyncDatabase(NpgsqlDataSource source, PreparingSource? preparing = null)
{
    /// <summary>Long enough for a fold batch on a busy server, short enough that a tick is not lost to one query.</summary>
    public static TimeSpan StatementMax { get; } = TimeSpan.FromSeconds(30);

    /// <summary>For what goes through a whole log, or a whole projection.</summary>
    public static TimeSpan LongStatementMax { get; } = TimeSpan.FromHours(2);

    /// <summary>Nobody of ours holds a row for longer than a fold batch takes.</summary>
    public static TimeSpan LockMax { get; } = TimeSpan.FromSeconds(10);

    private readonly int _timeoutSeconds = new NpgsqlConnectionStringBuilder(source.ConnectionString).Timeout;

    /// <summary>Ends the connections that nobody uses: they have likely died with one that did.</summary>
    public void Clear()
    {
        source.Clear();
        preparing?.Clear();
    }

    /// <summary>
    /// Begins a transaction; READ COMMITTED, so that each statement sees what is true now. It costs no round trip: what
    /// begins it, and its deadlines, go ahead of its first statement.
    /// </summary>
    /// <exception cref="NpgsqlException">The database is away, or does not take us.</exception>
    public virtual async Task<DatabaseTransaction> BeginAsync(
        CancellationToken cancellationToken,
        TimeSpan? statementMax = null,
        IsolationLevel isolation = IsolationLevel.ReadCommitted
    )
    {
        var connection = await (
            statementMax > StatementMax
                ? OpenPatientAsync(statementMax.Value, cancellationToken)
                : OpenAsync(cancellationToken)
        );
        try
        {
            var transaction = await connection.BeginTransactionAsync(isolation, cancellationToken);
            return Wrap(connection, transaction, statementMax ?? StatementMax);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A transaction in one round trip: its statements are sent together, and what they did is committed when the last of
    /// them has succeeded. Nothing can be decided in between.
    /// </summary>
    /// <param name="add">Adds the statements.</param>
    /// <param name="read">Reads their results; it begins at the first statement that has one.</param>
    /// <exception cref="NpgsqlException">As above; or what a statement, or the commit, says. Then nothing has happened.</exception>
    public virtual async Task<T> OnceAsync<T>(
        Action<NpgsqlBatch> add,
        Func<NpgsqlDataReader, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await OpenAsync(cancellationToken);
        try
        {
            return await OnceAsync(connection, add, read, cancellationToken);
        }
        catch (PostgresException) when (connection.State == ConnectionState.Open)
        {
            // Npgsql takes a statement for prepared whose first use as such has failed, and the next one who gets the
            // connection would be answered out of turn.
            connection.UnprepareAll();
            throw;
        }
    }

    private static async Task<T> OnceAsync<T>(
        NpgsqlConnection connection,
        Action<NpgsqlBatch> add,
        Func<NpgsqlDataReader, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            Timeout = DatabaseTransaction.WaitSeconds(StatementMax),
        };
        // PostgreSQL warns of SET LOCAL outside of a block, but what arrives together is one transaction.
        batch.Then(Deadlines.Select(StatementMax));
        add(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var result = await read(reader, cancellationToken);
        while (await reader.NextResultAsync(cancellationToken))
        {
            // A failure of the commit comes last, and must be heard.
        }

        return result;
    }

    /// <summary>The same for statements that have nothing to say.</summary>
    public Task OnceAsync(Action<NpgsqlBatch> add, CancellationToken cancellationToken) =>
        OnceAsync(add, (_, _) => Task.FromResult(true), cancellationToken);

    /// <summary>The same for statements whose cost must not grow with a table.</summary>
    public Task<T> OnceByKeysAsync<T>(
        Action<NpgsqlBatch> add,
        Func<NpgsqlDataReader, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    ) =>
        OnceAsync(
            batch =>
            {
                batch.Then(KeyedPlans.Select);
                add(batch);
            },
            async (reader, token) =>
            {
                await reader.NextResultAsync(token); // Past how they are planned.
                return await read(reader, token);
            },
            cancellationToken
        );

    /// <summary>A connection for what is said once, or lasts.</summary>
    /// <exception cref="NpgsqlException">As above; or TimeoutException.</exception>
    public Task<NpgsqlConnection> OpenLastingAsync(CancellationToken cancellationToken) =>
        Opening.OpenWithinAsync(_timeoutSeconds, source.OpenConnectionAsync, cancellationToken);

    private Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        Opening.OpenWithinAsync(
            _timeoutSeconds,
            async token =>
                (preparing is null ? null : await preparing.TryOpenAsync(token))
                ?? await source.OpenConnectionAsync(token),
            cancellationToken
        );

    /// <summary>
    /// A connection of its own. Npgsql waits for what it says by itself, such as the beginning of a COPY, no longer than the
    /// connection's commands may take; and the server answers that only with the first rows, when all are sorted.
    /// </summary>
    private async Task<NpgsqlConnection> OpenPatientAsync(
        TimeSpan statementMax,
        CancellationToken cancellationToken
    )
    {
        await using var known = source.CreateConnection();
        var own = new NpgsqlConnectionStringBuilder(source.ConnectionString)
        {
            CommandTimeout = DatabaseTransaction.WaitSeconds(statementMax),
            Pooling = false,
            // For a log that comes in one stream, and a projection that goes in another.
            ReadBufferSize = 128 * 1024,
            WriteBufferSize = 64 * 1024,
        };
        var connection = await known.CloneWithAsync(own.ConnectionString, cancellationToken);
        try
        {
            return await Opening.OpenWithinAsync(
                _timeoutSeconds,
                async token =>
                {
                    await connection.OpenAsync(token);
                    return connection;
                },
                cancellationToken
            );
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
}

/// <summary>What bounds the statements of a transaction, as SQL.</summary>
internal static class Deadlines
{
    /// <summary>For a transaction block; no result sets.</summary>
    public static string[] Set(TimeSpan statementMax) =>
        [
            $"set local statement_timeout = {Milliseconds(statementMax)}",
            $"set local lock_timeout = {Milliseconds(SyncDatabase.LockMax)}",
            $"set local idle_in_transaction_session_timeout = {Milliseconds(statementMax)}",
        ];

    /// <summary>For statements that are sent together; one result set.</summary>
    public static string Select(TimeSpan statementMax) =>
        $"select set_config('statement_timeout', '{Milliseconds(statementMax)}', true), "
        + $"set_config('lock_timeout', '{Milliseconds(SyncDatabase.LockMax)}', true)";

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

    private int _waitSeconds = WaitSeconds(statementMax);
    private bool _isBegun;

    public NpgsqlConnection Connection => connection;

    /// <summary>What goes ahead of the first statement; no result sets.</summary>
    protected virtual IEnumerable<string> Opening => Deadlines.Set(statementMax);

    public virtual NpgsqlCommand Command(string sql)
    {
        var text = _isBegun ? sql : string.Join("; ", [.. Opening, sql]);
        _isBegun = true;
        return new NpgsqlCommand(text, connection, transaction) { CommandTimeout = _waitSeconds };
    }

    public virtual NpgsqlBatch Batch()
    {
        var batch = new NpgsqlBatch(connection, transaction) { Timeout = _waitSeconds };
        foreach (var statement in _isBegun ? [] : Opening)
        {
            batch.Then(statement);
        }

        _isBegun = true;
        return batch;
    }

    /// <summary>How long to wait for an answer that the server should have given up on by then.</summary>
    internal static int WaitSeconds(TimeSpan statementMax) => (int)(statementMax + SilenceMax).TotalSeconds;

    /// <summary>
    /// From here on each statement may take as long as a very large log does. Waiting for a lock stays as short.
    /// </summary>
    public async Task LengthenDeadlinesAsync(CancellationToken cancellationToken)
    {
        var longest = (long)SyncDatabase.LongStatementMax.TotalMilliseconds;
        await using var lengthen = Command(
            $"set local statement_timeout = {longest}; set local idle_in_transaction_session_timeout = {longest}"
        );
        await lengthen.ExecuteNonQueryAsync(cancellationToken);
        _waitSeconds = WaitSeconds(SyncDatabase.LongStatementMax);
    }

    public virtual Task CommitAsync(CancellationToken cancellationToken) =>
        transaction.CommitAsync(cancellationToken);

    /// <summary>
    /// Sends the last statements and the commit behind them in one round trip; where one of them fails, nothing is
    /// committed.
    /// </summary>
    /// <param name="read">Reads their results; it begins at the first statement that has one.</param>
    public virtual async Task<T> CommitAsync<T>(
        NpgsqlBatch last,
        Func<NpgsqlDataReader, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        last.Then("commit");
        await using var reader = await last.ExecuteReaderAsync(cancellationToken);
        var result = await read(reader, cancellationToken);
        while (await reader.NextResultAsync(cancellationToken))
        {
            // A failure of the commit comes last, and must be heard.
        }

        return result;
    }

    /// <summary>The same for statements that have nothing to say.</summary>
    public Task CommitAsync(NpgsqlBatch last, CancellationToken cancellationToken) =>
        CommitAsync(last, (_, _) => Task.FromResult(true), cancellationToken);

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
