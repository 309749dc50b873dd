namespace ManaAi.Host.Settings;

/// <summary>What the environment turned out to be: settings to run with, or everything that is wrong with it.</summary>
internal abstract record SettingsResult<T>
{
    private SettingsResult() { } // Closed: only the cases below can exist.

    public sealed record Ok(T Settings) : SettingsResult<T>;

    public sealed record Faulty(IReadOnlyList<SettingFault> Faults) : SettingsResult<T>;
}

/// <param name="Name">The environment's name for it, such as PORT.</param>
/// <param name="Sentence">What is wrong and what would be right. It never holds a secret.</param>
internal sealed record SettingFault(string Name, string Sentence)
{
    public override string ToString() => Sentence;
}
