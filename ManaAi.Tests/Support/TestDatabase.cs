using Npgsql;

namespace ManaAi.Tests.Support;

/// <summary>
/// A fresh mana-sync database on a real PostgreSQL: the change log of one generation, its policies, and our roles.
/// The schema mana_ai is there and empty; migrating it is the tests' own affair. Disposing drops it.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly NpgsqlConnectionStringBuilder _connection;

    private TestDatabase(string name, LogGeneration generation)
    {
        _connection = TestCluster.Superuser(name);
        Name = name;
        Generation = generation;
        Superuser = NpgsqlDataSource.Create(SuperuserConnectionString);
    }

    public string Name { get; }

    public LogGeneration Generation { get; }

    /// <summary>For looking at and arranging things from outside; it sees and may do everything.</summary>
    public NpgsqlDataSource Superuser { get; }

    public string SuperuserConnectionString => _connection.ConnectionString;

    /// <summary>As the service logs in: mana_ai_reader.</summary>
    public string ReaderConnectionString => ConnectionStringOf("mana_ai_reader", TestCluster.ReaderPassword);

    /// <summary>The superuser, in the form that settings take.</summary>
    public string AdminUrl => UrlOf(_connection.Username!, _connection.Password ?? "");

    /// <summary>The login of the service, in the form of SYNC_DATABASE_URL.</summary>
    public string ReaderUrl => UrlOf("mana_ai_reader", TestCluster.ReaderPassword);

    public static async Task<TestDatabase> CreateAsync(LogGeneration generation = LogGeneration.Two) =>
        new(await TestCluster.CreateDatabaseAsync(generation), generation);

    public string ConnectionStringOf(string login, string password) =>
        new NpgsqlConnectionStringBuilder(SuperuserConnectionString)
        {
            Username = login,
            Password = password,
        }.ConnectionString;

    /// <summary>One device writes one row, in a transaction of its own. Returns the row's id.</summary>
    public async Task<Guid> InsertChangeAsync(DeviceChange change)
    {
        await using var transaction = await BeginAsDeviceAsync(change.UserId);
        var id = await transaction.InsertAsync(change);
        await transaction.CommitAsync();
        return id;
    }

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
        await Superuser.DisposeAsync();
        await TestCluster.ExecuteAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
    }

    /// <summary>Any login, in the form that settings take.</summary>
    public string UrlOf(string login, string password) =>
        $"postgresql://{Uri.EscapeDataString(login)}:{Uri.EscapeDataString(password)}"
        + $"@{_connection.Host}:{_connection.Port}/{Name}";
}
