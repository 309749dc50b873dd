using System.Globalization;
using ManaAi.Actors.Ticking;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>One tick by hand.</summary>
internal static class TickEndpoint
{
    public static void MapTick(this IEndpointRouteBuilder keyed) =>
        keyed
            .MapPost("/tick", RunTickAsync)
            .WithName("RunTick")
            .WithTags("Ticks")
            .WithSummary(
                "Runs one tick now and answers when what it found is closed, waiting, or held elsewhere."
            )
            .WithExample(
                """
                {"scannedAt":"2026-03-02T08:00:00.123Z","dueMissionCount":2,"plansProduced":2,"plansWrittenBack":2,
                "parseFailures":0,"errors":[]}
                """
            )
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge);

    internal static async Task<Results<Ok<TickView>, ProblemHttpResult>> RunTickAsync(
        [FromServices] ITickCoordinator ticks,
        [FromServices] IHostApplicationLifetime lifetime,
        CancellationToken cancellationToken
    )
    {
        // The server waits for its requests before the actors are told to stop: a tick's answer that takes minutes
        // would eat the time in which they hand their runs back.
        using var untilStopping = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken,
            lifetime.ApplicationStopping
        );
        try
        {
            return TypedResults.Ok(TickView.Of(await ticks.RunTickAsync(untilStopping.Token)));
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return TypedResults.Problem(
                statusCode: StatusCodes.Status503ServiceUnavailable,
                detail: "The service is stopping; what the tick began goes on or is handed back."
            );
        }
    }
}

/// <summary>The answer to a manual tick, in the form that its callers know.</summary>
/// <param name="ScannedAt">ISO with milliseconds and Z, as JavaScript writes it.</param>
internal sealed record TickView(
    string ScannedAt,
    int DueMissionCount,
    int PlansProduced,
    int PlansWrittenBack,
    int ParseFailures,
    IReadOnlyList<string> Errors
)
{
    public static TickView Of(TickReport report) =>
        new(
            report.ScannedAt.UtcDateTime.ToString(
                "yyyy-MM-dd'T'HH:mm:ss.fff'Z'",
                CultureInfo.InvariantCulture
            ),
            report.DueMissionCount,
            report.PlansProduced,
            report.PlansWrittenBack,
            report.ParseFailures,
            report.Errors
        );
}
