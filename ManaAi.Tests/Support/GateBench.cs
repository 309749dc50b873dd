using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Tests.Support;

/// <summary>A gate before a test's database, as a login that the test chooses.</summary>
internal sealed class GateBench : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;

    public GateBench(string connectionString)
    {
        _source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 3, Timeout = 5 }
        );
        Gate = new DatabaseGate(new SyncDatabase(_source), TimeProvider.System, Log);
    }

    public DatabaseGate Gate { get; }

    public KeptLog<DatabaseGate> Log { get; } = new();

    public Task<GateAnswer> EnterAsync() => Gate.EnterAsync(CancellationToken.None);

    public async Task<IReadOnlyList<string>> ReasonsAsync() => (await EnterAsync()).Reasons;

    public async ValueTask DisposeAsync()
    {
        Gate.Dispose();
        await _source.DisposeAsync();
    }
}
