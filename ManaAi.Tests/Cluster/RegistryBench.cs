using ManaAi.Actors;
using ManaAi.Actors.Cluster;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Cluster;

/// <summary>The registry of one node on a database that others share; its beats come when the test moves its time.</summary>
internal sealed class RegistryBench : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly DatabaseGate _gate;
    private readonly Metrics _metrics = new();

    public RegistryBench(string connectionString, string name)
    {
        _source = NpgsqlDataSource.Create(connectionString);
        var database = new SyncDatabase(_source);
        _gate = new DatabaseGate(database, TimeProvider.System, new KeptLog<DatabaseGate>());
        Nodes = new NodeList(database);
        Registry = new NodeRegistry(
            database,
            _gate,
            new NodeProfile(new NodeId(name), "1.2.3", $"{name}.example:3066"),
            new RunOptions(),
            Time,
            _metrics,
            Log
        );
    }

    public ManualTime Time { get; } = new();

    public KeptLog<NodeRegistry> Log { get; } = new();

    public NodeRegistry Registry { get; }

    public NodeList Nodes { get; }

    /// <summary>One heartbeat, now and here.</summary>
    public Task BeatAsync() => Registry.HandleAsync(new NodeMessage.BeatDue(), CancellationToken.None);

    public async Task<string> ListAsync() =>
        string.Join(
            ", ",
            (await Nodes.ReadAsync(CancellationToken.None)).Select(node =>
                $"{node.Id} {(node.GoneAt is null ? "alive" : "gone")}"
            )
        );

    public async ValueTask DisposeAsync()
    {
        await Registry.StopAsync(new CancellationToken(canceled: true));
        await Registry.DisposeAsync();
        _gate.Dispose();
        _metrics.Dispose();
        await _source.DisposeAsync();
    }
}
