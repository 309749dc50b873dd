using ManaAi.Actors.Database;
using ManaAi.Actors.Ticking;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>Whether the process lives, and whether it can work. Open to everyone, so they say little.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health", GetHealth)
            .WithName("GetHealth")
            .WithTags("Health")
            .WithSummary("The process answers; it says nothing about the database.");
        app.MapGet("/health/ready", GetReadinessAsync)
            .WithName("GetReadiness")
            .WithTags("Health")
            .WithSummary(
                "Database, schema and the view of the change log are right; if not, why and what to do."
            )
            .Produces<ReadinessView>(StatusCodes.Status503ServiceUnavailable);
    }

    internal static Ok<HealthView> GetHealth(
        [FromServices] ITickCoordinator ticks,
        [FromServices] ServiceIdentity identity
    )
    {
        var status = ticks.Status;
        return TypedResults.Ok(
            new HealthView(
                true,
                ServiceIdentity.Name,
                identity.Version,
                new HealthTickView(status.IsEnabled, status.State is "busy")
            )
        );
    }

    internal static async Task<Results<Ok<ReadinessView>, JsonHttpResult<ReadinessView>>> GetReadinessAsync(
        [FromServices] ReadinessProbe probe,
        CancellationToken cancellationToken
    )
    {
        var view = ReadinessView.Of(await probe.AskAsync(cancellationToken));
        return view.Ready
            ? TypedResults.Ok(view)
            : TypedResults.Json(view, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}

internal sealed record HealthView(bool Ok, string Service, string Version, HealthTickView Tick);

internal sealed record HealthTickView(bool Enabled, bool Running);

/// <param name="Reasons">What keeps the service from working, with what to run.</param>
/// <param name="Degraded">What works worse than it should.</param>
internal sealed record ReadinessView(
    bool Ready,
    IReadOnlyList<string> Reasons,
    IReadOnlyList<string> Degraded
)
{
    public static ReadinessView Of(Readiness readiness) =>
        new(readiness.IsReady, readiness.Reasons, readiness.Degradations);
}
