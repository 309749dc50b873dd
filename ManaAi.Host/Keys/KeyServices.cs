using System.Security.Cryptography;

namespace ManaAi.Host.Keys;

internal static class KeyServices
{
    public static void AddKeys(this IServiceCollection services)
    {
        services.AddSingleton<ServiceKeys>();
        services.AddSingleton(_ => new BadKeyLimiter(RandomNumberGenerator.GetBytes(16)));
        services.AddSingleton<KeyGate>();
        services.AddHostedService<KeyFileWatch>();
    }
}
