using System.Reflection;

namespace ManaAi.Host.Internal;

/// <summary>What this process is: which version, and since when.</summary>
internal sealed class ServiceIdentity(TimeProvider time)
{
    public const string Name = "mana-ai";

    public string Version { get; } =
        typeof(ServiceIdentity)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion;

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();
}
