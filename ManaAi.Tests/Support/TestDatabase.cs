using System.Collections.Concurrent;
using Npgsql;

namespace ManaAi.Tests.Support;

/// <summary>
/// A mana-sync database of one test on a real PostgreSQL: the change log of one generation, its policies, and our roles.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<LogGeneration, ConcurrentBag<TestDatabase>> _idle = new();

    private readonly NpgsqlConnectionStringBuilder _connection;
    private NewState? _new;

    private TestDatabase(string name, LogGeneration generation)
    {
        _connection = TestCluster.Superuser(name);
        Name = name;
        Generation = generation;
        Superuser = NpgsqlDataSource.Create(Lasting(SuperuserConnectionString));
        Reader = NpgsqlDataSource.Create(Lasting(ReaderConnectionString));
    }

    public string Name { get; }

    public LogGeneration Generation { get; }

    /// <summary>For looking at and arranging things from outside; it sees and may do everything.</summary>
    public NpgsqlDataSource Superuser { get; }

    /// <summary>The service's login, for whoever needs no pool of its own.</summary>
    public NpgsqlDataSource Reader { get; }

    public string SuperuserConnectionString => _connection.ConnectionString;

    /// <summary>As the service logs in: mana_ai_reader.</summary>
    public string ReaderConnectionString => ConnectionStringOf("mana_ai_reader", TestCluster.ReaderPassword);

    /// <summary>The superuser, in the form that settings take.</summary>
    public string AdminUrl => UrlOf(_connection.Username!, _connection.Password ?? "");

    /// <summary>The login of the service, in the form of SYNC_DATABASE_URL.</summary>
    public string ReaderUrl => UrlOf("mana_ai_reader", TestCluster.ReaderPassword);

    /// <summary>The schema mana_ai is there and empty; migrating it is the test's own affair. Disposing drops it.</summary>
    public static async Task<TestDatabase> CreateAsync(LogGeneration generation = LogGeneration.Two) =>
        new(await TestCluster.CreateDatabaseAsync(generation), generation);

    /// <summary>
    /// Migrated, and without rows. Others have used it before: making, migrating and dropping one costs more than most
    /// tests do. Disposing forgets the rows, or drops it where the test changed more than those.
    /// </summary>
    public static async Task<TestDatabase> RentAsync(LogGeneration generation = LogGeneration.Two)
    {
        if (Idle(generation).TryTake(out var used))
        {
            return used;
        }

        var database = new TestDatabase(await TestCluster.CreateMigratedAsync(generation), generation);
        database._new = await NewState.OfAsync(database);
        return database;
    }

    /// <summary>As if nothing had ever been written; only where it is rented.</summary>
    public Task ForgetRowsAsync() => _new!.ForgetRowsAsync(this);

    public string ConnectionStringOf(string login, string password) =>
        new NpgsqlConnectionStringBuilder(SuperuserConnectionString)
        {
            Username = login,
            Password = password,
        }.ConnectionString;

    /// <summary>One device writes one row, in a transaction of its own. Returns the row's id.</summary>
    public Task<Guid> InsertChangeAsync(DeviceChange change) =>
        DeviceTransaction.InsertAloneAsync(Superuser, Generation, change);

    /// <summary>A device's transaction that stays open until the test says otherwise.</summary>
    public Task<DeviceTransaction> BeginAsDeviceAsync(string userId) =>
        DeviceTransaction.BeginAsync(Superuser, Generation, userId);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Superuser.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the first row; null where there is no row, or where it is NULL.</summary>
    public async Task<T?> ReadAsync<T>(string sql)
    {
        await using var command = Superuser.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() && !await reader.IsDBNullAsync(0)
            ? await reader.GetFieldValueAsync<T>(0)
            : default;
    }

    /// <summary>Until somebody in this database waits for a lock. PostgreSQL tells nobody, so this asks.</summary>
    public async Task WaitForLockAsync()
    {
        const string waiting = """
            SELECT count(*)
              FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
             WHERE a.datname = current_database() AND NOT l.granted
            """;
        var asked = 0;
        while (await ReadAsync<long>(waiting) == 0)
        {
            asked++;
            Assert.True(asked < 10_000, "Nobody came to wait for a lock.");
        }
    }

    /// <summary>roles.sql as an operator runs it; <paramref name="variables"/> like <c>log_index=1</c>.</summary>
    public Task<PsqlResult> RunRolesAsync(params IEnumerable<string> variables) =>
        Psql.RunFileAsync(_connection, "roles.sql", environment: null, variables);

    public async ValueTask DisposeAsync()
    {
        if (_new is not null && await _new.TryRestoreAsync(this))
        {
            Idle(Generation).Add(this);
            return;
        }

        await Reader.DisposeAsync();
        await Superuser.DisposeAsync();
        await TestCluster.ExecuteAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
    }

    private static ConcurrentBag<TestDatabase> Idle(LogGeneration generation) =>
        _idle.GetOrAdd(generation, _ => []);

    /// <summary>Of a pool that serves many tests: what most of them say is planned once.</summary>
    private static string Lasting(string connection) =>
        new NpgsqlConnectionStringBuilder(connection)
        {
            ApplicationName = NewState.Lasting,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
        }.ConnectionString;

    /// <summary>Any login, in the form that settings take.</summary>
    public string UrlOf(string login, string password) =>
        $"postgresql://{Uri.EscapeDataString(login)}:{Uri.EscapeDataString(password)}"
        + $"@{_connection.Host}:{_connection.Port}/{Name}";
}
