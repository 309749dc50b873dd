using System.Diagnostics;

namespace ManaAi.Tests.Support;

/// <summary>Programs of Debian's packages that the suite runs for real; `./dev test` installs those that are missing.</summary>
internal static class InstalledProgram
{
    private static readonly string[] _places = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

    /// <summary>Where it is. The test fails where it is nowhere, and says what is not proven then.</summary>
    public static string Find(string name, string package, string proof)
    {
        var path = Environment
            .GetEnvironmentVariable("PATH")!
            .Split(Path.PathSeparator)
            .Concat(_places)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
        Assert.True(
            path is not null,
            $"{name} is missing, so nothing proves that {proof}: run the suite with ./dev test, which installs it, "
                + $"or install the package {package}."
        );
        return path;
    }

    /// <summary>Runs it to its end.</summary>
    /// <param name="input">What it reads from stdin.</param>
    /// <returns>Its exit code, and all that it said.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string path,
        IEnumerable<string> arguments,
        string input = ""
    )
    {
        using var process = Process.Start(
            new ProcessStartInfo(path, arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }
}
