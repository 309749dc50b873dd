using ManaAi.Actors.Forecasts;
using ManaAi.Host.Dashboard.Shell;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Upcoming;

/// <summary>What is to run within the next day.</summary>
internal static class UpcomingEndpoint
{
    public static void MapUpcoming(this IEndpointRouteBuilder signedIn) =>
        signedIn.MapGet("/upcoming", GetAsync);

    internal static async Task<IResult> GetAsync(
        HttpContext context,
        [FromServices] Counts counts,
        CancellationToken cancellationToken
    ) =>
        PageContext
            .Of(context)
            .Show<UpcomingPage>(new UpcomingModel(await counts.Forecast.LookAsync(cancellationToken)));
}

/// <param name="Forecast">null: it is being counted.</param>
public sealed record UpcomingModel(Forecast? Forecast);
