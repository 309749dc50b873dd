using System.Data;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>
/// The door for whoever only looks: PostgreSQL itself refuses to write there, a question that takes long is given up, one
/// processor answers it, and its connections are none of those that ticks and plans wait for.
/// </summary>
/// <param name="questionMax">Nobody waits for longer than this for what was asked.</param>
public sealed class ViewDatabase(NpgsqlDataSource source, TimeSpan questionMax) : SyncDatabase(source)
{
    // How long one who looks waits for the others.
    private static readonly TimeSpan TurnMax = TimeSpan.FromSeconds(3);

    /// <param name="connectionsMax">Viewers wait for one another, and nobody else for them.</param>
    public static NpgsqlDataSource CreateSource(string connectionString, int connectionsMax) =>
        NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connectionString)
            {
                MaxPoolSize = connectionsMax,
                Timeout = (int)TurnMax.TotalSeconds,
            }
        );

    public override Task<DatabaseTransaction> BeginAsync(
        CancellationToken cancellationToken,
        TimeSpan? statementMax = null,
        IsolationLevel isolation = IsolationLevel.ReadCommitted
    ) => base.BeginAsync(cancellationToken, questionMax, isolation);

    protected override DatabaseTransaction Wrap(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        TimeSpan statementMax
    ) => new ViewTransaction(connection, transaction, statementMax);
}

/// <summary>A transaction that can only read, and with one processor.</summary>
internal sealed class ViewTransaction(
    NpgsqlConnection connection,
    NpgsqlTransaction transaction,
    TimeSpan statementMax
) : DatabaseTransaction(connection, transaction, statementMax)
{
    protected override IEnumerable<string> Opening =>
        [
            .. base.Opening,
            "set local transaction_read_only = on",
            "set local max_parallel_workers_per_gather = 0",
        ];
}
