using System.Diagnostics;
using Npgsql;

namespace ManaAi.Tests.Support;

/// <summary>
/// The real pgbouncer in transaction mode before a test's database, with fewer connections than a node opens, so that
/// they are shared between transactions.
/// </summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private PgBouncer(Process process, DirectoryInfo folder, int port) =>
        (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    public static async Task<PgBouncer> StartAsync(TestDatabase database)
    {
        var folder = Directory.CreateTempSubdirectory("mana-pgbouncer-");
        var port = FreePort.Find();
        var server = new NpgsqlConnectionStringBuilder(database.ReaderConnectionString);
        var users = Path.Combine(folder.FullName, "users.txt");
        var settings = Path.Combine(folder.FullName, "pgbouncer.ini");
        await File.WriteAllTextAsync(users, $"\"{server.Username}\" \"{server.Password}\"\n");
        await File.WriteAllTextAsync(
            settings,
            $"""
            [databases]
            {database.Name} = host={server.Host} port={server.Port} dbname={database.Name}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = transaction
            default_pool_size = 3
            """
        );
        if (!OperatingSystem.IsWindows())
        {
            // It refuses to run as root, and the user that it becomes reads these.
            File.SetUnixFileMode(folder.FullName, Mode("755"));
            File.SetUnixFileMode(users, Mode("644"));
            File.SetUnixFileMode(settings, Mode("644"));
        }

        var bouncer = new PgBouncer(Start(settings), folder, port);
        var url = bouncer.Through(database.ReaderConnectionString);
        await Eventually.SeesAsync(() => bouncer.IsThereAsync(url), isThere => isThere);
        return bouncer;
    }

    /// <summary>The same login to the same database, through the pooler.</summary>
    public string Through(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = "127.0.0.1",
            Port = Port,
            Pooling = false,
        }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> IsThereAsync(string connectionString)
    {
        Assert.False(_process.HasExited, "pgbouncer ended at its start");
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static Process Start(string settings)
    {
        var path = InstalledProgram.Find(
            "pgbouncer",
            "pgbouncer",
            "the service works through a transaction pooler"
        );
        var start = new ProcessStartInfo(path) { UseShellExecute = false };
        string[] user = Environment.IsPrivilegedProcess ? ["-u", "nobody"] : [];
        foreach (var argument in (string[])["-q", .. user, settings])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static UnixFileMode Mode(string octal) => (UnixFileMode)Convert.ToInt32(octal, 8);
}
