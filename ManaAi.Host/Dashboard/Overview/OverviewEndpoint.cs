using ManaAi.Actors.Database;
using ManaAi.Actors.Overviews;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;
using ManaAi.Host.Settings;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Overview;

/// <summary>How everything is. It answers also while the database does not.</summary>
internal static class OverviewEndpoint
{
    private const int EventsShown = 12;

    public static void MapOverview(this IEndpointRouteBuilder signedIn) => signedIn.MapGet("", GetAsync);

    internal static async Task<IResult> GetAsync(
        HttpContext context,
        [FromServices] RecentPulse pulses,
        [FromServices] Views views,
        [FromServices] ReadinessProbe probe,
        [FromServices] ITickCoordinator ticks,
        [FromServices] ServiceSettings settings,
        CancellationToken cancellationToken
    )
    {
        var readiness = await probe.AskAsync(cancellationToken);
        var (pulse, events) = readiness.IsReady
            ? await LookAsync(pulses, views, cancellationToken)
            : (null, []);
        var interval = settings.Tick.IsEnabled ? settings.Tick.Interval : (TimeSpan?)null;
        return PageContext
            .Of(context)
            .Show<OverviewPage>(
                new OverviewModel(Health.Of(readiness, pulse, interval), ticks.Status)
                {
                    Pulse = pulse,
                    Events = events,
                    Notices = [.. readiness.Reasons, .. readiness.Degradations],
                    TokensPerDay = settings.Runs.TokensPerDay,
                }
            );
    }

    private static async Task<(Pulse?, IReadOnlyList<RunEvent>)> LookAsync(
        RecentPulse pulses,
        Views views,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var pulse = pulses.ReadAsync(cancellationToken);
            var events = await views.Events.ReadAsync(new EventFilter(), EventsShown, cancellationToken);
            return (await pulse, [.. events.Take(EventsShown)]);
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            return (null, []);
        }
    }
}

/// <param name="Ticks">Of the node that answers.</param>
public sealed record OverviewModel(Health Health, TickStatus Ticks)
{
    /// <summary>null while the database does not answer.</summary>
    public Pulse? Pulse { get; init; }

    /// <summary>The newest first.</summary>
    public IReadOnlyList<RunEvent> Events { get; init; } = [];

    /// <summary>What is wrong and what works worse than it should, as the service says it in English.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];

    /// <summary>The budget of the whole service; null: none.</summary>
    public long? TokensPerDay { get; init; }
}
