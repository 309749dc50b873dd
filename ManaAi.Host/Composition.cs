using ManaAi.Host.Settings;

namespace ManaAi.Host;

/// <summary>Which actors the host runs, and how the settings become their options.</summary>
internal static class Composition
{
    public static void AddActors(IServiceCollection services, ServiceSettings settings)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(settings);
    }
}
