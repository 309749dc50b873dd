using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Database;

/// <summary>What the three roles may see and do, on both generations of the log.</summary>
public sealed class RowLevelSecurityTests : IAsyncLifetime
{
    private readonly List<TestDatabase> _databases = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task The_login_sees_every_users_rows(LogGeneration generation)
    {
        await using var reader = await ReaderOfTwoUsersAsync(generation);

        (await CountAsync(reader, "SELECT count(*) FROM public.sync_changes")).ShouldBe(2);
    }

    [Theory]
    [InlineData(LogGeneration.One, "user-1", 1)]
    [InlineData(LogGeneration.Two, "user-1", 1)]
    [InlineData(LogGeneration.Two, "user-3", 0)]
    [InlineData(LogGeneration.Two, "", 0)]
    public async Task As_a_user_only_that_users_rows_are_there(
        LogGeneration generation,
        string userId,
        long rows
    )
    {
        await using var reader = await ReaderOfTwoUsersAsync(generation);
        await using var transaction = await BecomeAsync(reader, userId);

        (await CountAsync(reader, "SELECT count(*) FROM public.sync_changes")).ShouldBe(rows);
    }

    [Theory]
    [InlineData(LogGeneration.One)]
    [InlineData(LogGeneration.Two)]
    public async Task As_a_user_a_row_of_another_user_cannot_be_written(LogGeneration generation)
    {
        await using var reader = await ReaderOfTwoUsersAsync(generation);
        await using (await BecomeAsync(reader, "user-1"))
        {
            (await InsertForAsync(reader, "user-1")).ShouldBe(1);
        }

        await using var transaction = await BecomeAsync(reader, "user-1");
        var refusal = await Should.ThrowAsync<PostgresException>(() => InsertForAsync(reader, "user-2"));

        refusal.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Theory]
    [InlineData("INSERT INTO public.sync_changes SELECT * FROM public.sync_changes WHERE false")]
    [InlineData("UPDATE public.sync_changes SET op = 'delete'")]
    [InlineData("DELETE FROM public.sync_changes")]
    [InlineData("CREATE TABLE mana_ai.by_login (x int)")]
    [InlineData("CREATE TABLE public.by_login (x int)")]
    [InlineData("SET LOCAL ROLE mana_ai_user; SELECT * FROM mana_ai.things")]
    [InlineData("SET LOCAL ROLE mana_ai_user; UPDATE public.sync_changes SET op = 'delete'")]
    [InlineData("SET LOCAL ROLE mana_ai_owner; SELECT * FROM public.sync_changes")]
    [InlineData("SET LOCAL ROLE mana_sync")]
    public async Task What_a_role_has_no_business_with_it_may_not_do(string sql)
    {
        await using var reader = await ReaderOfTwoUsersAsync(LogGeneration.Two);
        await using var transaction = await reader.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(sql, reader);

        var refusal = await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync());

        refusal.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task What_the_owner_makes_the_login_may_use_without_a_grant()
    {
        await using var reader = await ReaderOfTwoUsersAsync(LogGeneration.Two);

        (
            await CountAsync(
                reader,
                "WITH made AS (INSERT INTO mana_ai.things (text) VALUES ('x') RETURNING id) "
                    + "SELECT count(*) FROM made"
            )
        ).ShouldBe(1);
        (await CountAsync(reader, "SELECT count(system_identifier) FROM pg_control_system()")).ShouldBe(1);
    }

    private async Task<NpgsqlConnection> ReaderOfTwoUsersAsync(LogGeneration generation)
    {
        var database = await TestDatabase.CreateAsync(generation);
        _databases.Add(database);
        await database.InsertChangeAsync(new DeviceChange("mission-1", "{}") { UserId = "user-1" });
        await database.InsertChangeAsync(new DeviceChange("mission-2", "{}") { UserId = "user-2" });

        var reader = new NpgsqlConnection(database.ReaderConnectionString);
        await reader.OpenAsync();
        await using var make = new NpgsqlCommand(
            """
            SET ROLE mana_ai_owner;
            CREATE TABLE mana_ai.things (id bigint GENERATED ALWAYS AS IDENTITY, text text);
            RESET ROLE;
            """,
            reader
        );
        await make.ExecuteNonQueryAsync();
        return reader;
    }

    private static async Task<NpgsqlTransaction> BecomeAsync(NpgsqlConnection reader, string userId)
    {
        var transaction = await reader.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(
            "SELECT set_config('role', 'mana_ai_user', true), set_config('app.current_user_id', @user, true)",
            reader
        );
        command.Parameters.AddWithValue("user", userId);
        await command.ExecuteNonQueryAsync();
        return transaction;
    }

    private static async Task<int> InsertForAsync(NpgsqlConnection reader, string userId)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO public.sync_changes (app_id, table_name, record_id, user_id, op, client_id)
            VALUES ('ai', 'aiMissions', 'mission-1', @user, 'update', 'mana-ai-runner')
            """,
            reader
        );
        command.Parameters.AddWithValue("user", userId);
        return await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
