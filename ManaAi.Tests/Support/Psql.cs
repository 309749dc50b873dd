using System.Diagnostics;
using Npgsql;

namespace ManaAi.Tests.Support;

public sealed record PsqlResult(int ExitCode, string Output, string Error);

/// <summary>The real psql, since that is what an operator runs our files with.</summary>
internal static class Psql
{
    /// <summary>Runs a file of docker/postgres as the connection says, with variables as <c>-v</c> takes them.</summary>
    public static async Task<PsqlResult> RunFileAsync(
        NpgsqlConnectionStringBuilder connection,
        string file,
        IReadOnlyDictionary<string, string>? environment = null,
        params IEnumerable<string> variables
    )
    {
        var start = new ProcessStartInfo("psql")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            .. (string[])
                ["-X", "-q", "-h", connection.Host!, "-U", connection.Username!, "-d", connection.Database!],
            .. (string[])
                ["-p", $"{connection.Port}", "-f", Path.Combine(AppContext.BaseDirectory, "Postgres", file)],
            .. variables.SelectMany(variable => (string[])["-v", variable]),
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["PGPASSWORD"] = connection.Password;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new PsqlResult(process.ExitCode, await output, await error);
    }
}
