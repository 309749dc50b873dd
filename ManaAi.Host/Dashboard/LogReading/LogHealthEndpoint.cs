using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Overviews;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Settings;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.LogReading;

/// <summary>How well the change log is read.</summary>
internal static class LogHealthEndpoint
{
    public static void MapLogHealth(this IEndpointRouteBuilder signedIn) => signedIn.MapGet("/log", GetAsync);

    internal static async Task<IResult> GetAsync(
        HttpContext context,
        [FromServices] Views views,
        [FromServices] FeedOptions feed,
        [FromServices] ServiceSettings settings,
        CancellationToken cancellationToken
    ) =>
        PageContext
            .Of(context)
            .Show<LogHealthPage>(
                new LogHealthModel(await views.Log.ReadAsync(cancellationToken), feed)
                {
                    TickInterval = settings.Tick.IsEnabled ? settings.Tick.Interval : null,
                }
            );
}

public sealed record LogHealthModel(LogHealth Health, FeedOptions Feed)
{
    /// <summary>null where there is no timer.</summary>
    public TimeSpan? TickInterval { get; init; }
}
