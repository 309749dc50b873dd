using System.Globalization;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Database;

/// <summary>The trigger that roles.sql makes with wakeup_trigger=1.</summary>
[Collection(ClusterWideGroup.Name)]
public sealed class WakeUpTriggerTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private NpgsqlConnection _listener = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        var result = await _database.RunRolesAsync("wakeup_trigger=1");
        result.ExitCode.ShouldBe(0, result.Error);

        _listener = new NpgsqlConnection(_database.ReaderConnectionString);
        await _listener.OpenAsync();
        await using var listen = new NpgsqlCommand("LISTEN mana_ai_wakeup; LISTEN fence", _listener);
        await listen.ExecuteNonQueryAsync();
    }

    public async Task DisposeAsync()
    {
        await _listener.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_device_that_schedules_a_mission_wakes_the_service_once_a_transaction()
    {
        await using (var device = await _database.BeginAsDeviceAsync("user-1"))
        {
            await device.InsertAsync(Scheduled);
            await device.InsertAsync(Scheduled with { RecordId = "mission-2" });
            await device.CommitAsync();
        }

        (await HeardAsync()).ShouldBe(1);
    }

    [Theory]
    [InlineData("yyyy-MM-dd'T'HH:mm:59.999'Z'", 0, 1)]
    [InlineData("yyyy-MM-dd", 0, 1)]
    [InlineData("yyyy-MM-dd'T'HH:mm:00.000'Z'", 2, 0)]
    public async Task What_is_due_before_this_minute_ends_wakes_in_whatever_form(
        string form,
        int minutesAhead,
        int wakeUps
    )
    {
        var at = TimeProvider
            .System.GetUtcNow()
            .AddMinutes(minutesAhead)
            .ToString(form, CultureInfo.InvariantCulture);

        await _database.InsertChangeAsync(Scheduled with { Data = $$"""{"nextRunAt": "{{at}}"}""" });

        (await HeardAsync()).ShouldBe(wakeUps, at);
    }

    public static TheoryData<string, DeviceChange> Quiet =>
        new()
        {
            { "another app", Scheduled with { AppId = "todo" } },
            { "another table", Scheduled with { TableName = "agents" } },
            { "our own row", Scheduled with { ClientId = "mana-ai-runner" } },
            { "not due yet", Scheduled with { Data = """{"nextRunAt": "2999-01-01T00:00:00.000Z"}""" } },
            { "cleared", Scheduled with { Data = """{"nextRunAt": null}""" } },
            { "no object", Scheduled with { Data = "[1]" } },
            { "no schedule", Scheduled with { Data = """{"title": "x"}""" } },
            { "no data", Scheduled with { Data = null, Op = "delete" } },
        };

    [Theory]
    [MemberData(nameof(Quiet))]
    public async Task Other_rows_wake_nobody(string why, DeviceChange change)
    {
        await _database.InsertChangeAsync(change);

        (await HeardAsync()).ShouldBe(0, why);
    }

    public static TheoryData<string, DeviceChange> All
    {
        get
        {
            var all = Quiet;
            all.Add("due", Scheduled);
            return all;
        }
    }

    /// <summary>A row is lost whose trigger BEFORE it returns NULL, and so are changes that a trigger makes.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public async Task Each_row_is_stored_as_it_was_sent(string what, DeviceChange change)
    {
        await _database.InsertChangeAsync(change);
        await _database.ExecuteAsync("alter table public.sync_changes disable trigger mana_ai_wake_up");
        await _database.InsertChangeAsync(change);

        (
            await _database.ReadAsync<string>(
                """
                select concat_ws(' ', count(*), count(distinct to_jsonb(c) - 'id' - 'created_at'))
                  from public.sync_changes c
                """
            )
        ).ShouldBe("2 1", what);
    }

    [Fact]
    public async Task What_versions_before_had_after_each_row_is_replaced()
    {
        await _database.ExecuteAsync(
            """
            create function mana_ai.wake_up() returns trigger language plpgsql as $$ begin return null; end $$;
            create or replace trigger mana_ai_wake_up after insert on public.sync_changes
               for each row execute function mana_ai.wake_up()
            """
        );

        var result = await _database.RunRolesAsync("wakeup_trigger=1");

        result.ExitCode.ShouldBe(0, result.Error);
        await _database.InsertChangeAsync(Scheduled);
        (await HeardAsync()).ShouldBe(1);
        (
            await _database.ReadAsync<string>(
                "select string_agg(pg_get_triggerdef(oid), '; ') from pg_trigger where tgname = 'mana_ai_wake_up'"
            )
        )!.ShouldContain("BEFORE INSERT");
        (
            await _database.ReadAsync<bool>("select to_regprocedure('mana_ai.wake_up()') is null")
        ).ShouldBeTrue();
    }

    [Fact]
    public async Task Its_function_is_the_logs_owners_so_that_no_role_of_ours_can_rewrite_what_mana_sync_runs()
    {
        await _database.RunRolesAsync();

        (
            await _database.ReadAsync<string>(
                "SELECT proowner::regrole::text FROM pg_proc WHERE oid = 'mana_ai.wake_on_insert()'::regprocedure"
            )
        ).ShouldBe("mana_sync");
    }

    private static DeviceChange Scheduled =>
        new("mission-1", """{"nextRunAt": "2026-01-01T00:00:00.000Z"}""");

    /// <summary>Notifications come in the order of commits: what is not there before the fence will never come.</summary>
    private async Task<int> HeardAsync()
    {
        var wakeUps = 0;
        var isFenceHeard = false;
        _listener.Notification += (_, notification) =>
        {
            isFenceHeard |= notification.Channel == "fence";
            wakeUps += notification.Channel == "mana_ai_wakeup" ? 1 : 0;
        };
        await _database.ExecuteAsync("NOTIFY fence");
        while (!isFenceHeard)
        {
            await _listener.WaitAsync();
        }

        return wakeUps;
    }
}
