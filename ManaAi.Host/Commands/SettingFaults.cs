using System.Globalization;
using ManaAi.Host.Settings;

namespace ManaAi.Host.Commands;

internal static class SettingFaults
{
    /// <summary>Says all of what is wrong, each in its own line, and returns the exit code for it.</summary>
    public static int Report(TextWriter error, IReadOnlyList<SettingFault> faults)
    {
        error.WriteLine(
            faults.Count == 1
                ? "One setting is wrong:"
                : string.Create(CultureInfo.InvariantCulture, $"{faults.Count} settings are wrong:")
        );
        foreach (var fault in faults)
        {
            error.WriteLine($"  {fault.Sentence}");
        }

        return ExitCodes.Configuration;
    }
}
