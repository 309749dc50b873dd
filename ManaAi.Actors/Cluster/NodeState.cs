using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Cluster;

/// <summary>What a node tells the others of itself.</summary>
/// <param name="Address">host:port, where its endpoints answer.</param>
public sealed record NodeProfile(NodeId Id, string Version, string Address);

/// <summary>A node as the database knows it.</summary>
public sealed record NodeState(string Id, string Version, string Address)
{
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>The database's clock.</summary>
    public DateTimeOffset HeartbeatAt { get; init; }

    /// <summary>When it stopped, or was silent for too long; null while it lives.</summary>
    public DateTimeOffset? GoneAt { get; init; }

    /// <summary>Plans under way now.</summary>
    public int Plans { get; init; }
}
