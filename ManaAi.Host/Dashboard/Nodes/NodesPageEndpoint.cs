using ManaAi.Actors.Cluster;
using ManaAi.Host.Dashboard.Shell;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Nodes;

/// <summary>The nodes over this database.</summary>
internal static class NodesPageEndpoint
{
    public static void MapNodesPage(this IEndpointRouteBuilder signedIn) =>
        signedIn.MapGet("/nodes", GetAsync);

    internal static async Task<IResult> GetAsync(
        HttpContext context,
        [FromServices] Views views,
        CancellationToken cancellationToken
    ) =>
        PageContext
            .Of(context)
            .Show<NodesPage>(new NodesModel(await views.Nodes.ReadAsync(cancellationToken)));
}

public sealed record NodesModel(IReadOnlyList<NodeState> Nodes);
