using ManaAi.Actors.Database;
using ManaAi.Host.Settings;
using Npgsql;

namespace ManaAi.Host.Dashboard;

/// <summary>The dashboard's connections: two for each node, for all pages and counts together, however many look.</summary>
internal sealed class ViewConnections(ServiceSettings settings) : IAsyncDisposable
{
    private const int ConnectionsMax = 2;

    private readonly NpgsqlDataSource _source = ViewDatabase.CreateSource(
        settings.Database.ConnectionString.Reveal(),
        ConnectionsMax
    );

    public ViewDatabase WithDeadline(TimeSpan questionMax) => new(_source, questionMax);

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
