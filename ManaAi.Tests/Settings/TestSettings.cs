using ManaAi.Host.Settings;

namespace ManaAi.Tests.Settings;

/// <summary>Settings as they are read from an environment that is right, but for what a test changes in it.</summary>
internal static class TestSettings
{
    public const string Key = "0123456789abcdef0123456789abcdef";

    public static ServiceSettings Good(params (string Name, string? Value)[] changes) =>
        SettingsReader
            .Read(Environment(changes))
            .ShouldBeOfType<SettingsResult<ServiceSettings>.Ok>()
            .Settings;

    public static IReadOnlyList<SettingFault> Faults(params (string Name, string? Value)[] changes) =>
        SettingsReader
            .Read(Environment(changes))
            .ShouldBeOfType<SettingsResult<ServiceSettings>.Faulty>()
            .Faults;

    public static SettingFault OneFault(params (string Name, string? Value)[] changes) =>
        Faults(changes).ShouldHaveSingleItem();

    private static Dictionary<string, string?> Environment((string Name, string? Value)[] changes)
    {
        var environment = new Dictionary<string, string?> { ["MANA_SERVICE_KEY"] = Key };
        foreach (var (name, value) in changes)
        {
            environment[name] = value;
        }

        return environment;
    }
}
