using System.Net;
using System.Net.Sockets;
using ManaAi.Actors.Database;
using ManaAi.Host.Settings;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Database;

/// <summary>No question to the database is waited for without end.</summary>
public sealed class DeadlineTests : IAsyncLifetime
{
    private const string Deadlines = """
        select concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'),
                         current_setting('idle_in_transaction_session_timeout'))
        """;

    // Where a command is made without the deadlines of a transaction, and what bounds it there.
    private static readonly Dictionary<string, string> _elsewhere = new(StringComparer.Ordinal)
    {
        ["ManaAi.Actors/Database/LogIndex.cs"] =
            "an index is built for as long as it takes, beside everything else",
        ["ManaAi.Actors/Ticking/WakeUpListener.cs"] = "a wait of its own",
        ["ManaAi.Actors/ChangeLog/LogShape.cs"] = "the connection's 30 seconds",
        ["ManaAi.Actors/Database/PreparingSource.cs"] = "five seconds of its own",
        ["ManaAi.Host/Commands/VerifyAccess.cs"] = "the connection's 30 seconds",
    };

    private TestDatabase _database = null!;
    private SyncDatabase _sync = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.RentAsync();
        _sync = new SyncDatabase(_database.Reader);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Every_transaction_has_them_however_it_begins_and_leaves_none_behind()
    {
        await using (var transaction = await _sync.BeginAsync(CancellationToken.None))
        {
            await using var command = transaction.Command(Deadlines);
            (await command.ExecuteScalarAsync()).ShouldBe("30s 10s 30s");
            command.CommandTimeout.ShouldBe(35, "for a server that says nothing at all");
        }

        await using (var transaction = await _sync.BeginAsync(CancellationToken.None))
        {
            await using var batch = transaction.Batch();
            batch.Then(Deadlines);
            (await batch.ExecuteScalarAsync()).ShouldBe("30s 10s 30s");
            batch.Timeout.ShouldBe(35);
        }

        (await OnceAsync()).ShouldBe("30s 10s 0");
        (await _database.ReadAsync<string>(Deadlines)).ShouldBe("0 0 0");
    }

    [Fact]
    public async Task What_goes_through_a_whole_log_has_long_ones()
    {
        await using var transaction = await _sync.BeginAsync(CancellationToken.None);

        await transaction.LengthenDeadlinesAsync(CancellationToken.None);

        await using var command = transaction.Command(Deadlines);
        (await command.ExecuteScalarAsync()).ShouldBe("2h 10s 2h");
        command.CommandTimeout.ShouldBe(7205);
    }

    [Fact]
    public async Task A_statement_that_lasts_longer_is_ended_by_the_server()
    {
        await using var transaction = await _sync.BeginAsync(
            CancellationToken.None,
            TimeSpan.FromMilliseconds(50)
        );
        await using var command = transaction.Command("select pg_sleep(60)");

        var ended = await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync());

        ended.SqlState.ShouldBe(PostgresErrorCodes.QueryCanceled);
        ended.IsDatabaseFault().ShouldBeTrue();
    }

    [Fact]
    public async Task A_server_that_takes_the_connection_and_says_nothing_is_given_up_on()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        var settings = DatabaseUrl
            .Parse($"postgresql://mana_ai_reader:word@127.0.0.1:{port}/mana_sync?connect_timeout=1")
            .ShouldBeOfType<DatabaseUrlResult.Ok>();
        await using var source = NpgsqlDataSource.Create(settings.Database.ConnectionString.Reveal());

        var given = await Should.ThrowAsync<Exception>(() =>
            new SyncDatabase(source).BeginAsync(CancellationToken.None)
        );

        given.IsDatabaseFault().ShouldBeTrue();
    }

    /// <summary>It takes up TLS, or would, and says nothing more; or what we would say to it cannot be read.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("&sslmode=require&sslcert=/nowhere/client.crt&sslkey=/nowhere/client.key")]
    public async Task A_connection_that_cannot_be_secured_is_the_databases_fault(string parameters)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var taken = TakeUpAsync(server);
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        var settings = DatabaseUrl
            .Parse(
                $"postgresql://mana_ai_reader:word@127.0.0.1:{port}/mana_sync?connect_timeout=1{parameters}"
            )
            .ShouldBeOfType<DatabaseUrlResult.Ok>();
        await using var source = NpgsqlDataSource.Create(settings.Database.ConnectionString.Reveal());

        var given = await Should.ThrowAsync<Exception>(() =>
            new SyncDatabase(source).BeginAsync(CancellationToken.None)
        );

        given.IsDatabaseFault().ShouldBeTrue(given.ToString());
        (await taken).Dispose();
    }

    private static async Task<TcpClient> TakeUpAsync(TcpListener server)
    {
        var client = await server.AcceptTcpClientAsync();
        await client.GetStream().ReadExactlyAsync(new byte[8]); // The request for TLS.
        await client.GetStream().WriteAsync("S"u8.ToArray());
        return client;
    }

    [Fact]
    public void Commands_are_made_by_transactions_which_give_them_a_deadline() =>
        (
            from file in Sources.All("*.cs")
            where file.Path.StartsWith("ManaAi.Actors/", StringComparison.Ordinal) || IsOfHost(file.Path)
            where file.Path != "ManaAi.Actors/Database/SyncDatabase.cs" && !_elsewhere.ContainsKey(file.Path)
            from made in new[]
            {
                "new NpgsqlCommand(",
                "new NpgsqlBatch(",
                ".CreateCommand(",
                ".CreateBatch(",
            }
            where file.Text.Contains(made, StringComparison.Ordinal)
            select $"{file.Path}: {made}...) has no deadline; take Command or Batch of a DatabaseTransaction"
        ).ShouldBeEmpty();

    private static bool IsOfHost(string path) => path.StartsWith("ManaAi.Host/", StringComparison.Ordinal);

    private Task<string> OnceAsync() =>
        _sync.OnceAsync(
            batch => batch.Then(Deadlines),
            async (reader, cancellationToken) =>
            {
                await reader.ReadAsync(cancellationToken);
                return reader.GetString(0);
            },
            CancellationToken.None
        );
}
