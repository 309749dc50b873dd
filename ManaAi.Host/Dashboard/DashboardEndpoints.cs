using ManaAi.Host.Dashboard.Assets;
using ManaAi.Host.Dashboard.Failures;
using ManaAi.Host.Dashboard.LogReading;
using ManaAi.Host.Dashboard.Missions;
using ManaAi.Host.Dashboard.Nodes;
using ManaAi.Host.Dashboard.Overview;
using ManaAi.Host.Dashboard.Pausing;
using ManaAi.Host.Dashboard.Runs;
using ManaAi.Host.Dashboard.Session;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Dashboard.Upcoming;
using ManaAi.Host.Dashboard.Usage;

namespace ManaAi.Host.Dashboard;

/// <summary>The dashboard's addresses. Everything is a page with a URL, or a form that leads back to one.</summary>
internal static class DashboardEndpoints
{
    public const string Root = "/ops";

    public static void MapDashboard(this IEndpointRouteBuilder app)
    {
        var all = app.MapGroup(Root).ExcludeFromDescription().WithMetadata(DashboardHeaders.Pages);
        all.MapAssets();

        var pages = all.MapGroup("").AddEndpointFilter<RouteGroupBuilder, ReaderFilter>();
        pages.MapSignIn();

        var signedIn = pages
            .MapGroup("")
            .AddEndpointFilter<RouteGroupBuilder, SessionFilter>()
            .AddEndpointFilter<RouteGroupBuilder, FaultFilter>();
        signedIn.MapSignOut();
        signedIn.MapOverview();
        signedIn.MapUpcoming();
        signedIn.MapMissionPages();
        signedIn.MapPausePages();
        signedIn.MapRunPages();
        signedIn.MapFailures();
        signedIn.MapUsagePage();
        signedIn.MapNodesPage();
        signedIn.MapLogHealth();
        signedIn.MapGet("/{**rest}", (HttpContext context) => PageContext.Of(context).NotFound());
    }
}
