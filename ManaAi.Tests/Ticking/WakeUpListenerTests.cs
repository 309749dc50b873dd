using System.Net;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Ticking;

/// <summary>Whoever listens hears of a due mission at once, and whatever happens to the connection, hears again.</summary>
public sealed class WakeUpListenerTests : IAsyncLifetime
{
    private const int Listening = 303;
    private const int Lost = 305;

    private readonly KeptLog<WakeUpListener> _log = new();
    private readonly ManualTime _time = new();
    private TestDatabase _database = null!;
    private NpgsqlDataSource _source = null!;
    private DatabaseGate _gate = null!;
    private WakeUpListener _listener = null!;
    private int _wakeUps;

    public async Task InitializeAsync() => _database = await TestDatabase.RentAsync();

    public async Task DisposeAsync()
    {
        await _listener.DisposeAsync();
        _gate.Dispose();
        await _source.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_burst_of_rows_is_one_wake_up_and_one_after_it()
    {
        Start(_time, new WakeUpOptions { RetryMax = TimeSpan.FromDays(1) });
        await WokenAsync(1); // For what came before it listened.
        await GapAsync();

        await ScheduleAsync("mission-1");
        await WokenAsync(2);
        for (var mission = 2; mission < 50; mission++)
        {
            await ScheduleAsync($"mission-{mission}");
        }

        await GapAsync();
        await WokenAsync(3);
        await GapAsync();

        // One row more is heard, and none of those before it is heard again.
        await ScheduleAsync("mission-50");
        await WokenAsync(4);
    }

    [Fact]
    public async Task A_connection_that_is_cut_is_made_anew_and_wakes_for_what_came_meanwhile()
    {
        Start(TimeProvider.System, Quick);
        await WokenAsync(1);

        await _database.ExecuteAsync(
            $"""
            select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and (query = 'select 1' or query like 'listen%')
               and application_name <> '{NewState.Lasting}'
            """
        );

        await SaidAsync(Lost, 1);
        await SaidAsync(Listening, 2);
        await WokenAsync(2);
    }

    [Fact]
    public async Task A_connection_whose_other_end_is_gone_without_a_word_is_noticed_and_made_anew()
    {
        var server = new NpgsqlConnectionStringBuilder(_database.SuperuserConnectionString);
        await using var proxy = new TcpProxy(new IPEndPoint(IPAddress.Parse(server.Host!), server.Port));
        server.Host = "127.0.0.1";
        server.Port = proxy.Port;
        (server.Timeout, server.CommandTimeout) = (2, 2);
        Start(
            TimeProvider.System,
            Quick with
            {
                KeepAlive = TimeSpan.FromMilliseconds(50),
                AnswerMax = TimeSpan.FromSeconds(1),
            },
            server.ConnectionString
        );
        await WokenAsync(1);

        proxy.Mute();
        await SaidAsync(Lost, 1);
        proxy.Unmute();

        await SaidAsync(Listening, 2);
        await WokenAsync(2);
        await ScheduleAsync("mission-1");
        await WokenAsync(3);
    }

    [Fact]
    public async Task Without_the_trigger_it_keeps_no_connection_and_listens_as_soon_as_there_is_one()
    {
        Start(TimeProvider.System, Quick, isManaged: false);
        await Eventually.SeesAsync(TablesAsync, tables => tables > 0);
        await Eventually.SeesAsync(
            () => _database.ReadAsync<long>("select count(*) from mana_ai.migrations"),
            migrations => migrations > 0
        );
        _log.Entries.ShouldBeEmpty();

        await using var other = NpgsqlDataSource.Create(_database.SuperuserConnectionString);
        var trigger = new WakeUpTrigger(
            new SyncDatabase(other),
            new LogObjectsOptions { IsTriggerManaged = true },
            new KeptLog<WakeUpTrigger>()
        );
        (await trigger.EnsureAsync(CancellationToken.None)).ShouldBeTrue();

        await SaidAsync(Listening, 1);
    }

    private static WakeUpOptions Quick { get; } =
        new()
        {
            RetryMin = TimeSpan.FromMilliseconds(10),
            RetryMax = TimeSpan.FromMilliseconds(50),
            Gap = TimeSpan.FromMilliseconds(1),
        };

    private void Start(
        TimeProvider time,
        WakeUpOptions options,
        string? connectionString = null,
        bool isManaged = true
    )
    {
        _source = NpgsqlDataSource.Create(connectionString ?? _database.SuperuserConnectionString);
        var database = new SyncDatabase(_source);
        _gate = new DatabaseGate(database, TimeProvider.System, new KeptLog<DatabaseGate>());
        _listener = new WakeUpListener(
            database,
            _gate,
            new WakeUpTrigger(
                database,
                new LogObjectsOptions { IsTriggerManaged = isManaged },
                new KeptLog<WakeUpTrigger>()
            ),
            options,
            new NodeId("node"),
            () => Interlocked.Increment(ref _wakeUps),
            time,
            _log
        );
        _listener.Start();
    }

    private async Task ScheduleAsync(string mission) =>
        await _database.InsertChangeAsync(
            new DeviceChange(mission, """{"nextRunAt": "2026-01-01T00:00:00.000Z"}""")
        );

    /// <summary>Lets the time pass in which it does not wake again, as soon as it waits for that.</summary>
    private async Task GapAsync()
    {
        await Eventually.SeesAsync(() => Task.FromResult(_time.NextTimerAt), next => next is not null);
        _time.Advance(new WakeUpOptions().Gap);
    }

    private async Task WokenAsync(int times)
    {
        var woken = await Eventually.SeesAsync(
            () => Task.FromResult(Volatile.Read(ref _wakeUps)),
            seen => seen >= times
        );
        woken.ShouldBe(times);
    }

    private async Task SaidAsync(int id, int times) =>
        await Eventually.SeesAsync(() => Task.FromResult(_log.Of(id).Count), seen => seen >= times);

    private Task<long> TablesAsync() =>
        _database.ReadAsync<long>(
            "select count(*) from pg_tables where schemaname = 'mana_ai' and tablename = 'migrations'"
        );
}
