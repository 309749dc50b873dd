using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>
/// Connections on which what is said again is prepared: PostgreSQL plans a statement of the ledger for longer than it
/// executes it. Only where nobody stands in between, since a transaction pooler gives the next statement to another
/// session.
/// </summary>
/// <remarks>
/// The server numbers each session, and says the number when the session begins; a pooler says one of its own. So each
/// new connection is asked for its number, and two that differ tell of a pooler, also of one that comes later.
/// </remarks>
public sealed class PreparingSource : IAsyncDisposable
{
    /// <summary>More than the service has; each costs the server some kilobytes in every session.</summary>
    private const int StatementsMax = 150;

    private readonly NpgsqlDataSource _source;
    private readonly ILogger<PreparingSource> _logger;
    private int _isPooled;

    /// <param name="connectionString">Of the connections that prepare nothing.</param>
    /// <param name="name">By which they are counted.</param>
    public PreparingSource(string connectionString, string name, ILogger<PreparingSource> logger)
    {
        _logger = logger;
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = name };
        builder.ConnectionStringBuilder.MaxAutoPrepare = StatementsMax;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 2;
        builder.UsePhysicalConnectionInitializer(
            _ => throw new NotSupportedException("Connections are opened asynchronously."),
            RefusePoolerAsync
        );
        _source = builder.Build();
    }

    /// <returns>null behind a pooler: nothing may be prepared there.</returns>
    /// <exception cref="NpgsqlException">The database is away, or does not take us.</exception>
    public async Task<NpgsqlConnection?> TryOpenAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _isPooled) == 1)
        {
            return null;
        }

        try
        {
            return await _source.OpenConnectionAsync(cancellationToken);
        }
        catch (NotSupportedException)
        {
            if (Interlocked.Exchange(ref _isPooled, 1) == 0)
            {
                _source.Clear();
                Log.PoolerFound(_logger);
            }

            return null;
        }
    }

    /// <summary>Ends those that nobody uses.</summary>
    public void Clear() => _source.Clear();

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static async Task RefusePoolerAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select pg_backend_pid()", connection)
        {
            CommandTimeout = 5,
        };
        if ((int)(await command.ExecuteScalarAsync())! != connection.ProcessID)
        {
            throw new NotSupportedException("A pooler stands before the database.");
        }
    }
}
