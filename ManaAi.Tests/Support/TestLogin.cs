using Npgsql;

namespace ManaAi.Tests.Support;

/// <summary>A login of its own for one test database, with attributes as CREATE ROLE takes them; dropped at the end.</summary>
internal sealed class TestLogin : IAsyncDisposable
{
    private const string Password = "of-one-test";
    private readonly TestDatabase _database;
    private readonly string _name;

    private TestLogin(TestDatabase database)
    {
        _database = database;
        _name = $"login_of_{database.Name}";
    }

    public string Name => _name;

    public string ConnectionString => _database.ConnectionStringOf(_name, Password);

    /// <summary>In the form of SYNC_DATABASE_URL.</summary>
    public string Url => _database.UrlOf(_name, Password);

    public static async Task<TestLogin> CreateAsync(TestDatabase database, string attributes)
    {
        var login = new TestLogin(database);
        await database.ExecuteAsync(
            $"DROP ROLE IF EXISTS {login._name}; CREATE ROLE {login._name} LOGIN PASSWORD '{Password}' {attributes}"
        );
        return login;
    }

    public Task<PsqlResult> RunFileAsync(string file) =>
        Psql.RunFileAsync(new NpgsqlConnectionStringBuilder(ConnectionString), file);

    public async ValueTask DisposeAsync() =>
        await _database.ExecuteAsync($"DROP OWNED BY {_name} CASCADE; DROP ROLE {_name}");
}
