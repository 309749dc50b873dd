using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace ManaAi.Bench.Measuring;

/// <summary>A database with a change log of a given size, the documented roles, and the log's index.</summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    private readonly Uri _superuser;

    // The login of a throwaway database; as good as any.
    private readonly string _readerPassword;

    private BenchDatabase(Uri superuser, LogSize size)
    {
        (_superuser, Size) = (superuser, size);
        _readerPassword = Uri.UnescapeDataString(superuser.UserInfo.Split(':')[1]);
        Source = NpgsqlDataSource.Create(ConnectionString(Superuser) + ";Command Timeout=0");
        ManaSync = NpgsqlDataSource.Create(ManaSyncConnectionString(""));
        ManaSyncWithoutTriggers = NpgsqlDataSource.Create(
            ManaSyncConnectionString(" -c session_replication_role=replica")
        );
    }

    public LogSize Size { get; }

    /// <summary>As the superuser: for data and yardsticks.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>As mana-sync works: its role is bound by the row-level policy of its own table.</summary>
    public NpgsqlDataSource ManaSync { get; }

    /// <summary>The same, where triggers do not fire.</summary>
    public NpgsqlDataSource ManaSyncWithoutTriggers { get; }

    /// <summary>What a node logs in with.</summary>
    public string ReaderUrl =>
        new UriBuilder(Superuser) { UserName = "mana_ai_reader", Password = _readerPassword }.Uri.ToString();

    /// <summary>The same for Npgsql.</summary>
    public string ReaderConnectionString => ConnectionString(new Uri(ReaderUrl)) + ";No Reset On Close=true";

    private Uri Superuser => new UriBuilder(_superuser) { Path = "/mana_sync" }.Uri;

    public static async Task<BenchDatabase> CreateAsync(
        Uri superuser,
        LogSize size,
        CancellationToken cancellationToken
    )
    {
        await using (var admin = NpgsqlDataSource.Create(ConnectionString(superuser)))
        {
            await using var drop = admin.CreateCommand("drop database if exists mana_sync with (force)");
            await drop.ExecuteNonQueryAsync(cancellationToken);
            await using var create = admin.CreateCommand("create database mana_sync");
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        var database = new BenchDatabase(superuser, size);
        await database.PsqlAsync(
            "Measuring/generate-log.sql",
            cancellationToken,
            ("missions", size.Missions.ToString(CultureInfo.InvariantCulture)),
            ("rows_per", size.RowsPer.ToString(CultureInfo.InvariantCulture))
        );
        await database.ExecuteAsync(
            """
            do $$ begin create role mana_sync; exception when duplicate_object then null; end $$;
            alter table public.sync_changes owner to mana_sync
            """,
            cancellationToken
        );
        await database.PsqlAsync("roles.sql", cancellationToken, ("log_index", "1"));
        // ANALYZE alone would leave the visibility map to whichever measurement comes first.
        await database.ExecuteAsync("vacuum analyze public.sync_changes", cancellationToken);
        // And what was generated would be written to the disk meanwhile.
        await database.ExecuteAsync("checkpoint", cancellationToken);
        return database;
    }

    /// <summary>Makes the ledger of ninety days over the missions that are projected.</summary>
    public Task FillLedgerAsync(long runs, CancellationToken cancellationToken) =>
        PsqlAsync(
            "Measuring/fill-ledger.sql",
            cancellationToken,
            ("runs", runs.ToString(CultureInfo.InvariantCulture))
        );

    /// <summary>As an operator makes the trigger on mana-sync's table.</summary>
    public Task MakeTriggerAsync(CancellationToken cancellationToken) =>
        PsqlAsync("roles.sql", cancellationToken, ("wakeup_trigger", "1"));

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ReadListAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var values = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }

    public async Task<T> ReadAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        await ManaSyncWithoutTriggers.DisposeAsync();
        await ManaSync.DisposeAsync();
        await Source.DisposeAsync();
    }

    private string ManaSyncConnectionString(string options) =>
        ConnectionString(Superuser) + $";Options=-c role=mana_sync{options};Max Auto Prepare=4";

    private static string ConnectionString(Uri url)
    {
        var user = url.UserInfo.Split(':');
        return new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.Port,
            Username = Uri.UnescapeDataString(user[0]),
            Password = Uri.UnescapeDataString(user[1]),
            Database = url.AbsolutePath.TrimStart('/'),
            MaxPoolSize = 200,
        }.ConnectionString;
    }

    private async Task PsqlAsync(
        string script,
        CancellationToken cancellationToken,
        params (string Name, string Value)[] variables
    )
    {
        var start = new ProcessStartInfo("psql")
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            ArgumentList =
            {
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-f",
                Path.Combine(AppContext.BaseDirectory, script),
            },
        };
        foreach (var (name, value) in variables)
        {
            start.ArgumentList.Add("-v");
            start.ArgumentList.Add($"{name}={value}");
        }

        var user = Superuser.UserInfo.Split(':');
        start.Environment["PGHOST"] = Superuser.Host;
        start.Environment["PGPORT"] = Superuser.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = Uri.UnescapeDataString(user[0]);
        start.Environment["PGPASSWORD"] = Uri.UnescapeDataString(user[1]);
        start.Environment["PGDATABASE"] = "mana_sync";
        start.Environment["MANA_AI_READER_PASSWORD"] = _readerPassword;
        using var psql = Process.Start(start)!;
        await psql.StandardOutput.ReadToEndAsync(cancellationToken);
        await psql.WaitForExitAsync(cancellationToken);
        if (psql.ExitCode != 0)
        {
            throw new InvalidOperationException($"psql ended with {psql.ExitCode} at {script}; see above.");
        }
    }
}
