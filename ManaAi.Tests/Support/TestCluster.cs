using System.Security.Cryptography;
using System.Text;
using ManaAi.Actors.Database;
using ManaAi.Host.Settings;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ManaAi.Tests.Support;

/// <summary>
/// The PostgreSQL that <c>./dev test</c> starts. Databases are copied from a template for each generation, made by
/// whoever comes first: a copy takes some 30 ms, the files with psql ten times that.
/// </summary>
internal static class TestCluster
{
    public const string UrlVariable = "MANA_TEST_DATABASE_URL";

    /// <summary>Roles belong to the cluster, so their password is one for all databases and test processes.</summary>
    public const string ReaderPassword = "a-password-of-the-tests";

    // "mana test" in ASCII: other users of advisory locks will not meet it by accident.
    private const long TemplateLock = 0x6d616e6174657374;

    private static readonly Lazy<NpgsqlDataSource> _admin = new(() =>
        NpgsqlDataSource.Create(Superuser("postgres"))
    );
    private static readonly Dictionary<LogGeneration, Lazy<Task<string>>> _templates = Each(
        MakeTemplateAsync
    );
    private static readonly Dictionary<LogGeneration, Lazy<Task<string>>> _migrated = Each(MakeMigratedAsync);

    private static int _databases;

    public static NpgsqlDataSource Admin => _admin.Value;

    /// <summary>A fresh database with the change log and the roles; its name.</summary>
    public static async Task<string> CreateDatabaseAsync(LogGeneration generation) =>
        await CopyAsync(await _templates[generation].Value);

    /// <summary>The same with the schema of this version.</summary>
    public static async Task<string> CreateMigratedAsync(LogGeneration generation) =>
        await CopyAsync(await _migrated[generation].Value);

    /// <summary>As superuser, to a database of the cluster.</summary>
    public static NpgsqlConnectionStringBuilder Superuser(string database)
    {
        var url = Environment.GetEnvironmentVariable(UrlVariable);
        Assert.False(
            string.IsNullOrEmpty(url),
            $"{UrlVariable} is not set, so there is no PostgreSQL to test against: run the suite with ./dev test, "
                + "or start one for an IDE with ./dev postgres start and set what it prints."
        );
        var parsed = Assert.IsType<DatabaseUrlResult.Ok>(DatabaseUrl.Parse(url));
        return new NpgsqlConnectionStringBuilder(parsed.Database.ConnectionString.Reveal())
        {
            Database = database,
            // Many test classes share max_connections.
            MaxPoolSize = 20,
            IncludeErrorDetail = true,
        };
    }

    public static async Task ExecuteAsync(string sql)
    {
        await using var command = Admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static Dictionary<LogGeneration, Lazy<Task<string>>> Each(
        Func<LogGeneration, Task<string>> make
    ) =>
        Enum.GetValues<LogGeneration>()
            .ToDictionary(
                generation => generation,
                generation => new Lazy<Task<string>>(() => make(generation))
            );

    private static async Task<string> CopyAsync(string template)
    {
        var name = $"mana_test_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";

        // A cluster that outlives the run (./dev postgres) can hold one of a process that had our id and crashed.
        await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // Through the log, as is the default, costs three times as much.
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
        return name;
    }

    private static Task<string> MakeTemplateAsync(LogGeneration generation)
    {
        string[] files = [$"change-log-g{(int)generation}.sql", "roles.sql"];
        var texts = files.Select(file =>
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Postgres", file))
        );
        return MakeAsync(
            $"mana_template_g{(int)generation}_{Fingerprint(texts)}",
            "template1",
            name => FillAsync(name, files)
        );
    }

    private static async Task<string> MakeMigratedAsync(LogGeneration generation)
    {
        var template = await _templates[generation].Value;
        var texts = Sql.Scripts("Migrations").Select(script => script.Text);
        return await MakeAsync($"{template}_{Fingerprint(texts)}", template, MigrateAsync);
    }

    /// <summary>Finds the template of that name, or makes it.</summary>
    private static async Task<string> MakeAsync(string name, string from, Func<string, Task> fill)
    {
        // Other test processes may want the same template now. Renamed when it is whole, so a crash leaves no half one.
        await using var connection = await Admin.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var take = new NpgsqlCommand($"SELECT pg_advisory_xact_lock({TemplateLock})", connection);
        take.CommandTimeout = 0;
        await take.ExecuteNonQueryAsync();
        await ForgetOrphansAsync();
        await using var find = new NpgsqlCommand("SELECT FROM pg_database WHERE datname = @name", connection);
        find.Parameters.AddWithValue("name", name);
        await using (var found = await find.ExecuteReaderAsync())
        {
            if (await found.ReadAsync())
            {
                return name;
            }
        }

        await ExecuteAsync($"DROP DATABASE IF EXISTS {name}_unfinished WITH (FORCE)");
        await ExecuteAsync($"CREATE DATABASE {name}_unfinished TEMPLATE {from}");
        await fill($"{name}_unfinished");
        await ExecuteAsync($"ALTER DATABASE {name}_unfinished RENAME TO {name}");
        return name;
    }

    /// <summary>
    /// Databases that were rented last longer than their process, in a cluster that does. Their names hold its id.
    /// </summary>
    private static async Task ForgetOrphansAsync()
    {
        await using var find = Admin.CreateCommand(
            "SELECT array(SELECT datname::text FROM pg_database WHERE datname ~ '^mana_test_[0-9]+_[0-9]+$')"
        );
        foreach (var name in (string[])(await find.ExecuteScalarAsync())!)
        {
            var process = name.Split('_')[2];
            if (process != $"{Environment.ProcessId}" && !Directory.Exists($"/proc/{process}"))
            {
                await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            }
        }
    }

    private static async Task MigrateAsync(string database)
    {
        var login = Superuser(database);
        (login.Username, login.Password, login.Pooling) = ("mana_ai_reader", ReaderPassword, false);
        await using var source = NpgsqlDataSource.Create(login);
        using var gate = new DatabaseGate(
            new SyncDatabase(source),
            TimeProvider.System,
            NullLogger<DatabaseGate>.Instance
        );
        var answer = await gate.EnterAsync(CancellationToken.None);
        answer.Access.ShouldNotBeNull(string.Join("; ", answer.Reasons));
    }

    private static async Task FillAsync(string database, IEnumerable<string> files)
    {
        var environment = new Dictionary<string, string> { ["MANA_AI_READER_PASSWORD"] = ReaderPassword };
        foreach (var file in files)
        {
            var result = await Psql.RunFileAsync(Superuser(database), file, environment, "log_index=1");
            Assert.True(result.ExitCode == 0, $"psql -f {file} failed: {result.Error}");
        }
    }

    // A template of an earlier checkout must not serve: its name tells what it was made from.
    private static string Fingerprint(IEnumerable<string> texts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(texts))))[..12];
}
