using Microsoft.AspNetCore.Http.HttpResults;

namespace ManaAi.Host.Dashboard.Assets;

/// <summary>Serves the style, the script and the picture: open to everyone, and for ever the same under their names.</summary>
internal static class AssetEndpoints
{
    public static void MapAssets(this IEndpointRouteBuilder dashboard) =>
        dashboard.MapGet("/assets/{name}", GetAsset).WithMetadata(DashboardHeaders.Assets);

    internal static Results<FileContentHttpResult, NotFound> GetAsset(string name) =>
        Asset.Find(name) is { } asset
            ? TypedResults.File(
                asset.Bytes,
                asset.ContentType,
                entityTag: new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{asset.Hash}\"")
            )
            : TypedResults.NotFound();
}
