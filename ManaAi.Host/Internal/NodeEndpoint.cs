using ManaAi.Actors.Cluster;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>All nodes over this database.</summary>
internal static class NodeEndpoint
{
    public static void MapNodes(this IEndpointRouteBuilder asked) =>
        asked
            .MapGet("/nodes", GetNodesAsync)
            .WithName("GetNodes")
            .WithTags("Nodes")
            .WithSummary("All nodes that the last week knew, the living first.")
            .WithExample(
                """
                {"nodes":[{"id":"host-1a2b3c4d","version":"0.1.0","address":"host:3066","state":"alive",
                "startedAt":"2026-03-02T07:00:00+00:00","heartbeatAt":"2026-03-02T08:00:05.5+00:00","plans":1,
                "goneAt":null}]}
                """
            );

    internal static async Task<Ok<NodesView>> GetNodesAsync(
        [FromServices] NodeList nodes,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(new NodesView([.. (await nodes.ReadAsync(cancellationToken)).Select(NodeView.Of)]));
}

internal sealed record NodesView(IReadOnlyList<NodeView> Nodes);
