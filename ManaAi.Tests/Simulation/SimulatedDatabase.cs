using System.Data;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Tests.Simulation;

/// <summary>The real database, with a stop before, at the end of, and after each transaction of a flow.</summary>
internal sealed class SimulatedDatabase(NpgsqlDataSource source, ISimulationObserver observer)
    : SyncDatabase(source)
{
    public override async Task<DatabaseTransaction> BeginAsync(
        CancellationToken cancellationToken,
        TimeSpan? statementMax = null,
        IsolationLevel isolation = IsolationLevel.ReadCommitted
    )
    {
        if (Flow.Current is { } flow && await flow.StopAsync(StopPoint.Of(Moment.Begin)) != Fate.GoOn)
        {
            throw new NpgsqlException("simulated: no connection");
        }

        return await base.BeginAsync(cancellationToken, statementMax, isolation);
    }

    /// <summary>In steps, so that it can be stopped between them.</summary>
    public override async Task<T> OnceAsync<T>(
        Action<NpgsqlBatch> add,
        Func<NpgsqlDataReader, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await BeginAsync(cancellationToken);
        T result;
        await using (var batch = transaction.Batch())
        {
            add(batch);
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            result = await read(reader, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    protected override DatabaseTransaction Wrap(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        TimeSpan statementMax
    ) => new SimulatedTransaction(connection, transaction, statementMax, observer);
}

/// <summary>What is told of transactions, at once: before anything else happens.</summary>
internal interface ISimulationObserver
{
    /// <summary>How much of the log could be seen when a transaction began.</summary>
    long LogVersion { get; }

    Task CommittedAsync(Flow flow, CommittedWork work);
}

/// <summary>A transaction that was committed, whoever knows of it.</summary>
/// <param name="Seen">How much of the log could be seen when it began.</param>
internal sealed record CommittedWork(IReadOnlyList<RanStatement> Statements, long Seen)
{
    public RanStatement? Find(string name) => FindAll(name).FirstOrDefault();

    public IEnumerable<RanStatement> FindAll(string name) => Statements.Where(one => one.Name == name);
}

internal sealed record RanStatement(string Name, NpgsqlParameterCollection Parameters)
{
    public object? this[string parameter] => Parameters[parameter].Value;
}

internal sealed class SimulatedTransaction(
    NpgsqlConnection connection,
    NpgsqlTransaction transaction,
    TimeSpan statementMax,
    ISimulationObserver observer
) : DatabaseTransaction(connection, transaction, statementMax)
{
    // A statement of the change log is filled in with its columns: known by what comes before the first gap.
    private static readonly IReadOnlyList<(string Name, string Beginning)> _filledIn =
    [
        .. Sql
            .All.Where(one => one.Value.Contains("/*", StringComparison.Ordinal))
            .Select(one => (one.Key, one.Value[..one.Value.IndexOf("/*", StringComparison.Ordinal)])),
    ];

    private static readonly Dictionary<string, string> _names = Sql
        .All.DistinctBy(one => one.Value)
        .ToDictionary(one => one.Value, one => one.Key);

    private readonly long _seen = observer.LogVersion;
    private readonly List<object> _ran = [];

    public override NpgsqlCommand Command(string sql)
    {
        var command = base.Command(sql);
        _ran.Add((sql, command.Parameters));
        return command;
    }

    public override NpgsqlBatch Batch()
    {
        var batch = base.Batch();
        _ran.Add(batch);
        return batch;
    }

    public override async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (Flow.Current is not { } flow)
        {
            await base.CommitAsync(cancellationToken);
            return;
        }

        var work = new CommittedWork([.. _ran.SelectMany(Statements)], _seen);
        string[] names = [.. work.Statements.Select(one => one.Name)];
        var fate = await flow.StopAsync(new StopPoint(Moment.BeforeCommit, names));
        if (fate == Fate.Break)
        {
            throw new NpgsqlException("simulated: the connection broke before COMMIT");
        }

        await base.CommitAsync(cancellationToken);
        await observer.CommittedAsync(flow, work);
        if (
            fate == Fate.LoseAcknowledgement
            || await flow.StopAsync(new StopPoint(Moment.AfterCommit, names)) != Fate.GoOn
        )
        {
            throw new NpgsqlException("simulated: the connection broke after COMMIT");
        }
    }

    /// <summary>In steps, so that it can be stopped between them.</summary>
    public override async Task<T> CommitAsync<T>(
        NpgsqlBatch last,
        Func<NpgsqlDataReader, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        T result;
        await using (var reader = await last.ExecuteReaderAsync(cancellationToken))
        {
            result = await read(reader, cancellationToken);
        }

        await CommitAsync(cancellationToken);
        return result;
    }

    private static IEnumerable<RanStatement> Statements(object ran) =>
        ran switch
        {
            (string sql, NpgsqlParameterCollection parameters) => Named(sql, parameters),
            NpgsqlBatch batch => ((IList<NpgsqlBatchCommand>)batch.BatchCommands).SelectMany(one =>
                Named(one.CommandText, one.Parameters)
            ),
            _ => [],
        };

    private static IEnumerable<RanStatement> Named(string sql, NpgsqlParameterCollection parameters)
    {
        var name =
            _names.GetValueOrDefault(sql)
            ?? _filledIn.FirstOrDefault(one => sql.StartsWith(one.Beginning, StringComparison.Ordinal)).Name;
        return name is null ? [] : [new RanStatement(name, parameters)];
    }
}
