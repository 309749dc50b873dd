using System.Runtime.InteropServices;

namespace ManaAi.Bench.Chaos;

/// <summary>The signals that .NET has no word for.</summary>
internal static partial class Signals
{
    private const int Sigterm = 15;

    /// <summary>The process stands still and does not know it.</summary>
    public static void Stop(int process) => Send(process, OperatingSystem.IsMacOS() ? 17 : 19);

    public static void Continue(int process) => Send(process, OperatingSystem.IsMacOS() ? 19 : 18);

    public static void Terminate(int process) => Send(process, Sigterm);

    private static void Send(int process, int signal)
    {
        // Zero and below are whole groups of processes.
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(process);
        // One that is gone already is no fault: something else did what this came to do.
        _ = Kill(process, signal);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);
}
