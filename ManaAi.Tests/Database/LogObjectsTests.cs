using System.Text.RegularExpressions;
using ManaAi.Actors.Database;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Database;

/// <summary>What the service makes on the change log is what roles.sql makes there.</summary>
public sealed partial class LogObjectsTests
{
    [Theory]
    [InlineData("LogIndex")]
    [InlineData("WakeUpFunction")]
    [InlineData("WakeUpTrigger")]
    public void The_services_statement_stands_in_roles(string name) =>
        Flat(Sources.Read("docker/postgres/roles.sql")).ShouldContain(Flat(Sql.LogObjects[name]) + ";");

    [Fact]
    public async Task The_trigger_that_the_service_makes_belongs_to_the_logs_owner_and_wakes()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var bench = await TriggerBench.CreateAsync(database, database.SuperuserConnectionString);

        (await bench.Trigger.EnsureAsync(CancellationToken.None)).ShouldBeTrue();

        bench.Log.Of(119).Count.ShouldBe(1);
        (
            await database.ReadAsync<string>(
                "select proowner::regrole::text from pg_proc where oid = 'mana_ai.wake_on_insert()'::regprocedure"
            )
        ).ShouldBe("mana_sync");
        await using var listener = new NpgsqlConnection(database.ReaderConnectionString);
        await listener.OpenAsync();
        await using var listen = new NpgsqlCommand("listen mana_ai_wakeup", listener);
        await listen.ExecuteNonQueryAsync();
        await database.InsertChangeAsync(
            new DeviceChange("mission-1", """{"nextRunAt": "2026-01-01T00:00:00.000Z"}""")
        );
        (await listener.WaitAsync(TimeSpan.FromSeconds(30))).ShouldBeTrue();
    }

    [Fact]
    public async Task Nodes_that_make_it_at_once_make_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var bench = await TriggerBench.CreateAsync(database, database.SuperuserConnectionString);

        var made = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => bench.Trigger.EnsureAsync(CancellationToken.None))
        );

        made.ShouldAllBe(isThere => isThere);
        bench.Log.Of(119).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_login_that_does_not_own_the_log_says_once_what_to_run_and_makes_nothing()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var bench = await TriggerBench.CreateAsync(database, database.ReaderConnectionString);

        (await bench.Trigger.EnsureAsync(CancellationToken.None)).ShouldBeFalse();
        (await bench.Trigger.EnsureAsync(CancellationToken.None)).ShouldBeFalse();

        bench.Log.Of(122).ShouldHaveSingleItem().ShouldContain("-v wakeup_trigger=1");
        (
            await database.ReadAsync<bool>("select to_regprocedure('mana_ai.wake_on_insert()') is null")
        ).ShouldBeTrue();
    }

    private static string Flat(string sql) => Blanks().Replace(sql, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    private sealed class TriggerBench : IAsyncDisposable
    {
        private readonly NpgsqlDataSource _source;

        private TriggerBench(string connectionString)
        {
            _source = NpgsqlDataSource.Create(connectionString);
            Trigger = new WakeUpTrigger(
                new SyncDatabase(_source),
                new LogObjectsOptions { IsTriggerManaged = true },
                Log
            );
        }

        public KeptLog<WakeUpTrigger> Log { get; } = new();

        public WakeUpTrigger Trigger { get; }

        public static async Task<TriggerBench> CreateAsync(TestDatabase database, string connectionString)
        {
            // The schema is migrated before anybody listens.
            await using var gate = new GateBench(database.ReaderConnectionString);
            (await gate.EnterAsync()).Access.ShouldNotBeNull();
            return new TriggerBench(connectionString);
        }

        public ValueTask DisposeAsync() => _source.DisposeAsync();
    }
}
