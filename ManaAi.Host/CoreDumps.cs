using System.Runtime.InteropServices;

namespace ManaAi.Host;

/// <summary>
/// Keeps the process's memory, in which keys and passwords must stand, from becoming a file: a node that is killed by
/// a signal or by its own fault leaves no core, and no other process of the same user reads its memory or environment.
/// </summary>
internal static class CoreDumps
{
    private const int SetDumpable = 4; // PR_SET_DUMPABLE
    private const int CoreSize = 4; // RLIMIT_CORE

    /// <summary>Where the kernel refuses, it says so by a return value, and the service runs as it would without.</summary>
    public static void Forbid()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = SetLimit(CoreSize, new Limit(0, 0));
            // The limit alone does not hold where the kernel hands cores to a program.
            _ = ControlProcess(SetDumpable, 0, 0, 0, 0);
        }
    }

    [DllImport("libc", EntryPoint = "setrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetLimit(int resource, in Limit limit);

    [DllImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ControlProcess(int option, nuint value, nuint third, nuint fourth, nuint fifth);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Limit(nuint Soft, nuint Hard);
}
