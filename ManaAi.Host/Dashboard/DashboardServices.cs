using ManaAi.Host.Dashboard.Overview;
using ManaAi.Host.Dashboard.Session;

namespace ManaAi.Host.Dashboard;

internal static class DashboardServices
{
    public static void AddDashboard(this IServiceCollection services)
    {
        services.AddSingleton<ViewConnections>();
        services.AddSingleton<Views>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<RecentPulse>();
        services.AddSingleton<Counts>();
    }
}
