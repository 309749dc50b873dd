using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Cluster;

/// <summary>The nodes over one database, for an operator.</summary>
public sealed class NodeList(SyncDatabase database)
{
    // What an operator reads on one page.
    private const int NodesMax = 100;

    /// <summary>All nodes that the last week knew, the living first.</summary>
    public async Task<IReadOnlyList<NodeState>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("ListNodes")).Add("nodes_max", (long)NodesMax);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadAllAsync(reader, cancellationToken);
    }

    internal static void AddTo(NpgsqlBatch batch) =>
        batch.Then(Sql.Get("ListNodes")).Add("nodes_max", (long)NodesMax);

    internal static async Task<IReadOnlyList<NodeState>> ReadAllAsync(
        NpgsqlDataReader reader,
        CancellationToken cancellationToken
    )
    {
        var nodes = new List<NodeState>();
        while (await reader.ReadAsync(cancellationToken))
        {
            nodes.Add(
                new NodeState(reader.GetString(0), reader.GetString(1), reader.GetString(2))
                {
                    StartedAt = reader.GetInstant(3),
                    HeartbeatAt = reader.GetInstant(4),
                    GoneAt = reader.GetNullable<DateTimeOffset>(5),
                    Plans = reader.GetInt32(6),
                }
            );
        }

        return nodes;
    }
}
