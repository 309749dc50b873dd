using ManaAi.Actors.Database;
using ManaAi.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Tests.Database;

public sealed class DatabaseFaultsTests
{
    [Fact]
    public void A_connection_that_ends_as_it_is_taken_from_the_pool_is_the_databases_doing()
    {
        var seen = new ObjectDisposedException(typeof(ManualResetEventSlim).FullName);

        seen.IsDatabaseFault().ShouldBeTrue();
        DatabaseFaults.Describe(seen).ShouldStartWith("the database cannot be reached");
    }

    [Fact]
    public void What_we_disposed_of_ourselves_is_not()
    {
        new ObjectDisposedException("Npgsql.PoolingDataSource").IsDatabaseFault().ShouldBeFalse();
        new InvalidOperationException().IsDatabaseFault().ShouldBeFalse();
    }

    /// <summary>The second use of a statement is the one at which it is prepared.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_statement_that_fails_as_it_is_prepared_spoils_nothing_for_the_next(int failing)
    {
        await using var rows = await TestDatabase.RentAsync();
        await using var preparing = new PreparingSource(
            OneConnection(rows),
            "test",
            NullLogger<PreparingSource>.Instance
        );
        var database = new SyncDatabase(rows.Reader, preparing);
        for (var use = 1; use < failing; use++)
        {
            (await ReadAsync(database, "1")).ShouldBe("1");
        }

        await Should.ThrowAsync<PostgresException>(() => ReadAsync(database, "no JSON"));

        for (var use = 0; use < 3; use++)
        {
            (await ReadAsync(database, "2")).ShouldBe("2");
        }
    }

    [Fact]
    public async Task A_session_that_the_server_ends_is_told_as_the_server_told_it()
    {
        await using var rows = await TestDatabase.RentAsync();
        await using var preparing = new PreparingSource(
            OneConnection(rows),
            "test",
            NullLogger<PreparingSource>.Instance
        );
        var database = new SyncDatabase(rows.Reader, preparing);
        (await ReadAsync(database, "1")).ShouldBe("1");
        (await ReadAsync(database, "1")).ShouldBe("1");

        var ended = await Should.ThrowAsync<PostgresException>(() =>
            database.OnceAsync(
                batch => batch.Then("select pg_terminate_backend(pg_backend_pid())"),
                CancellationToken.None
            )
        );

        ended.SqlState.ShouldBe(PostgresErrorCodes.AdminShutdown);
        (await ReadAsync(database, "2")).ShouldBe("2");
    }

    [Fact]
    public async Task A_connection_that_answers_out_of_turn_is_the_databases_doing()
    {
        await using var rows = await TestDatabase.RentAsync();
        await using var source = NpgsqlDataSource.Create(
            $"{OneConnection(rows)};Max Auto Prepare=10;Auto Prepare Min Usages=2"
        );
        await AskAsync("1");
        await Should.ThrowAsync<PostgresException>(() => AskAsync("no JSON"));

        var seen = await Should.ThrowAsync<Exception>(() => AskAsync("2"));

        seen.IsDatabaseFault().ShouldBeTrue();
        DatabaseFaults.Describe(seen).ShouldContain("out of turn");
        await AskAsync("3");

        async Task AskAsync(string json)
        {
            await using var connection = await source.OpenConnectionAsync();
            await using var batch = new NpgsqlBatch(connection);
            batch.Then("select 1");
            Add(batch, json);
            await batch.ExecuteNonQueryAsync();
        }
    }

    private static string OneConnection(TestDatabase rows) =>
        $"{rows.ReaderConnectionString};Maximum Pool Size=1";

    private static Task<string> ReadAsync(SyncDatabase database, string json) =>
        database.OnceAsync(
            batch => Add(batch, json),
            async (reader, token) =>
            {
                await reader.ReadAsync(token);
                return reader.GetString(0);
            },
            CancellationToken.None
        );

    private static void Add(NpgsqlBatch batch, string json) =>
        batch
            .Then("select @json::text")
            .Parameters.Add(new NpgsqlParameter("json", NpgsqlDbType.Jsonb) { Value = json });
}
