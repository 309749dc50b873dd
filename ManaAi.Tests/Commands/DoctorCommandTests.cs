using System.Text.Json;
using System.Text.RegularExpressions;
using ManaAi.Actors.Diagnosis;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Commands;

/// <summary>`doctor` finds each fault when it is made, says what to do, and ends with 0 only where nothing is wrong.</summary>
public sealed class DoctorCommandTests : IAsyncLifetime
{
    private DoctorBench _bench = null!;

    public async Task InitializeAsync() => _bench = await DoctorBench.CreateAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task What_newcomers_read_when_all_is_well_and_when_much_is_wrong()
    {
        var well = await _bench.RunAsync();
        well.ExitCode.ShouldBe(0, well.Output);
        _bench.Llm.Calls.Total.ShouldBe(0, "it costs nothing");

        await _bench.Database.ExecuteAsync(
            """
            drop index public.mana_ai_log_created_at;
            drop index mana_ai.runs_closed;
            insert into mana_ai.pauses (reason, paused_at) values ('maintenance', '2026-03-02 08:00Z');
            insert into mana_ai.nodes (node_id, version, address, started_at, heartbeat_at, silence_max, plans)
            values ('node-1', '0.1.0', 'host:3066', now(), '2026-03-02 08:00Z', '30 s', 0)
            """
        );
        var ill = await _bench.RunAsync(
            "--ignore nodes",
            new ShiftedTime(TimeSpan.FromMinutes(2)),
            ("TICK_INTERVAL_MS", "soon"),
            ("MANA_SERVICE_KEY", "dev-service-key"),
            ("MANAGE_WAKEUP_TRIGGER", "true"),
            ("MANA_LLM_URL", "http://127.0.0.1:1")
        );
        ill.ExitCode.ShouldBe(1);

        Approved.ShouldBe(
            "doctor",
            $"$ mana-ai doctor\n{Plain(well.Output)}\n$ mana-ai doctor --ignore nodes\n{Plain(ill.Output)}"
        );
    }

    [Fact]
    public async Task As_json_each_finding_has_its_check_and_what_to_do()
    {
        await _bench.Database.ExecuteAsync("drop index public.mana_ai_log_created_at");

        var ended = await _bench.RunAsync("-o json");

        ended.ExitCode.ShouldBe(1);
        var body = JsonDocument.Parse(ended.Output).RootElement;
        body.GetProperty("ok").GetBoolean().ShouldBeFalse();
        var findings = body.GetProperty("findings").EnumerateArray().ToList();
        findings.Select(one => one.GetProperty("check").GetString()).ShouldBe(Checks.All);
        var index = findings.Single(one => one.GetProperty("check").GetString() == "log-index");
        index.GetProperty("health").GetString().ShouldBe("warning");
        index.GetProperty("remedy").GetString()!.ShouldContain("log_index=1");
        findings.Count(one => one.GetProperty("health").GetString() == "ok").ShouldBe(Checks.All.Count - 1);

        var ignored = await _bench.RunAsync("-o json --ignore log-index");
        ignored.ExitCode.ShouldBe(0, "a node without it is slower, and may be meant so");
        ignored.Output.ShouldContain("\"ignored\": true");
    }

    [Fact]
    public async Task A_missing_or_broken_index_and_another_trigger_than_ours_are_found()
    {
        await _bench.Database.ExecuteAsync(
            "update pg_index set indisvalid = false where indexrelid = 'public.mana_ai_log_created_at'::regclass"
        );
        await _bench.ShouldFindAsync("log-index", "left it INVALID", "log_index=1");
        await _bench.Database.RunRolesAsync("log_index=1", "wakeup_trigger=1");
        (await _bench.RunAsync()).ExitCode.ShouldBe(0);

        await _bench.Database.ExecuteAsync(
            """
            create or replace function mana_ai.wake_on_insert() returns trigger language plpgsql as
            $$ begin perform pg_notify('mana_ai_wakeup', ''); return new; end $$
            """
        );
        await _bench.ShouldFindAsync(
            "wake-up-trigger",
            "is not what this version's does",
            "wakeup_trigger=1"
        );
        await _bench.Database.ExecuteAsync("alter table public.sync_changes disable trigger mana_ai_wake_up");
        await _bench.ShouldFindAsync(
            "wake-up-trigger",
            "not there or not enabled",
            "wakeup_trigger=1",
            changes: ("MANAGE_WAKEUP_TRIGGER", "true")
        );
    }

    [Theory]
    [InlineData(120, "ahead of the database's")]
    [InlineData(-120, "behind the database's")]
    public async Task A_clock_that_is_off_by_two_minutes_is_found(int seconds, string way)
    {
        var time = new ShiftedTime(TimeSpan.FromSeconds(seconds));

        await _bench.ShouldFindAsync("clock", way, "NTP", time: time);

        // A busy machine adds what passes between the two readings.
        (await _bench.RunAsync(time: time)).Output.ShouldMatch("is 1(19|2[0-9]|30)\\b");
    }

    [Fact]
    public async Task A_transaction_that_has_been_open_for_an_hour_is_found_though_only_its_id_is_visible()
    {
        await using var device = await _bench.Database.BeginAsDeviceAsync("user-1");
        await device.InsertAsync(new DeviceChange("mission-1", "{}"));
        (await _bench.RunAsync()).ExitCode.ShouldBe(0, "nothing tells since when");

        // A tick of an hour ago, whose own transaction is later than the device's: so that one is older than an hour.
        await _bench.Database.ExecuteAsync(
            """
            insert into mana_ai.ticks (node, ended_at, took_ms, rows_folded, opened, claimable, errors)
            values ('node-1', now() - interval '60 minutes', 1, 0, 0, 0, '{}'),
                   ('node-1', now() - interval '5 minutes', 1, 0, 0, 0, '{}')
            """
        );

        await _bench.ShouldFindAsync(
            "transactions",
            "has been open for at least 60 min",
            "pg_terminate_backend"
        );
        (await _bench.RunAsync("--transaction-max 61")).ExitCode.ShouldBe(0);
        await device.CommitAsync();
        // Other tests of this server have transactions too, that are older than these ticks and end soon.
        await Eventually.SeesAsync(async () => (await _bench.RunAsync()).ExitCode, code => code == 0);
    }

    [Fact]
    public async Task Whoever_may_see_when_others_began_is_told_exactly()
    {
        await using var device = await _bench.Database.BeginAsDeviceAsync("user-1");
        await device.InsertAsync(new DeviceChange("mission-1", "{}"));

        var ended = await _bench.RunAsync(
            "--transaction-max 0",
            changes: ("SYNC_DATABASE_URL", _bench.Database.AdminUrl)
        );

        ended.Output.ShouldContain("idle in transaction) has been open for 0 min");
    }

    [Fact]
    public async Task A_dead_mana_llm_and_one_that_refuses_the_key_are_found()
    {
        _bench.Llm.Behave(new StubBehaviour { Status = 401 });
        await _bench.ShouldFindAsync("llm", "refuses the key", "MANA_LLM_KEY");
        await _bench.ShouldFindAsync(
            "llm",
            "cannot be used: connect",
            "MANA_LLM_URL",
            changes: ("MANA_LLM_URL", "http://127.0.0.1:1")
        );
    }

    [Theory]
    [InlineData(null, "MANA_SERVICE_KEY is not set")]
    [InlineData("dev-service-key", "the key that everyone knows")]
    [InlineData("weak,0123456789abcdef0123456789abcdef", "fewer than 32 characters")]
    public async Task A_key_that_is_missing_known_or_weak_is_found_and_not_repeated(string? key, string says)
    {
        await _bench.ShouldFindAsync("key", says, "start it again", changes: ("MANA_SERVICE_KEY", key));

        (await _bench.RunAsync(changes: ("MANA_SERVICE_KEY", key))).Output.ShouldNotContain(
            "0123456789abcdef0123"
        );
    }

    [Fact]
    public async Task A_password_of_the_demonstration_is_found_and_a_machine_of_ones_own_is_left_alone()
    {
        var url = new UriBuilder(_bench.Database.ReaderUrl) { Password = "mana-ai-demo" }
            .Uri
            .AbsoluteUri;

        (await _bench.RunAsync(changes: ("SYNC_DATABASE_URL", url))).Output.ShouldContain(
            "warning  key              The password in SYNC_DATABASE_URL is one of the demonstration's"
        );

        (string, string?)[] own = [("DOTNET_ENVIRONMENT", "Development"), ("MANA_SERVICE_KEY", null)];
        var ended = await _bench.RunAsync(changes: own);
        ended.ExitCode.ShouldBe(0, ended.Output);
        ended.Output.ShouldContain("ok       key              Good for Development; Production refuses it.");
    }

    [Fact]
    public async Task Settings_that_are_wrong_are_told_and_the_rest_is_looked_at_all_the_same()
    {
        var ended = await _bench.RunAsync(
            "",
            TimeProvider.System,
            ("RUN_LEASE_MS", "5"),
            ("SYNC_DATABASE_URL", "nonsense"),
            ("MANA_LLM_URL", "ftp://x")
        );

        ended.ExitCode.ShouldBe(1);
        ended.Output.ShouldContain("FAULT    settings         RUN_LEASE_MS is 5;");
        ended.Output.ShouldContain("FAULT    settings         SYNC_DATABASE_URL ");
        ended.Output.ShouldContain("-        schema           Not looked at, since SYNC_DATABASE_URL");
        ended.Output.ShouldContain("-        llm              Not looked at");
        ended.Output.ShouldContain("ok       key ");
    }

    [Fact]
    public async Task A_database_that_is_away_refuses_or_takes_no_writes_is_found()
    {
        await _bench.ShouldFindAsync(
            "connection",
            "the database cannot be reached",
            "SYNC_DATABASE_URL points to it",
            changes: ("SYNC_DATABASE_URL", "postgresql://nobody:canary@127.0.0.1:1/mana_sync")
        );
        await _bench.ShouldFindAsync(
            "connection",
            "the database refuses the login",
            "password in SYNC_DATABASE_URL",
            changes: (
                "SYNC_DATABASE_URL",
                new UriBuilder(_bench.Database.ReaderUrl) { Password = "a-guess" }
                    .Uri
                    .AbsoluteUri
            )
        );
        await _bench.Database.ExecuteAsync(
            $"alter database {_bench.Database.Name} set default_transaction_read_only = on"
        );
        (await _bench.RunAsync()).Output.ShouldContain("The database takes no writes");
    }

    [Fact]
    public async Task What_holds_claims_back_and_nodes_that_are_gone_or_read_nothing_are_found()
    {
        await _bench.Database.ExecuteAsync(
            """
            update mana_ai.llm_breakers
               set is_open = true, opened_at = now(), open_until = now() + interval '1 minute', detail = 'timeout'
             where cause = 'failures'
            """
        );
        await _bench.ShouldFindAsync("claims", "The breaker for mana-llm is open since", "mana-llm runs");
        await _bench.Database.ExecuteAsync(
            """
            update mana_ai.llm_breakers set is_open = false, open_until = null;
            insert into mana_ai.nodes (node_id, version, address, started_at, heartbeat_at, silence_max, plans)
            values ('node-1', '0.1.0', 'host:3066', now(), now(), '10 min', 0)
            """
        );
        await _bench.ShouldFindAsync(
            "nodes",
            "1 alive, of version 0.1.0, and none has read",
            "mana-ai status"
        );
        await _bench.Database.ExecuteAsync("update mana_ai.nodes set gone_at = now()");
        await _bench.ShouldFindAsync("nodes", "None has been alive since", "mana-ai serve");
    }

    [Theory]
    [InlineData("--ignore everything")]
    [InlineData("--transaction-max soon")]
    [InlineData("-o xml")]
    [InlineData("now")]
    public async Task Used_wrongly_it_ends_with_2(string arguments) =>
        (await CommandEnd.OfAsync($"doctor {arguments}")).ExitCode.ShouldBe(2);

    /// <summary>What differs from machine to machine stands for itself.</summary>
    private string Plain(string text)
    {
        var plain = text.Replace(_bench.Database.Name, "mana_sync", StringComparison.Ordinal);
        plain = Regex.Replace(plain, @"127\.0\.0\.1:\d+", "127.0.0.1:<port>");
        plain = Regex.Replace(plain, @"PostgreSQL [\d.]+", "PostgreSQL <version>");
        plain = Regex.Replace(plain, @"\d+ migrations", "<n> migrations");
        return Regex.Replace(plain, @"\b[\d.]+ s (off|behind|ahead)", "<n> s $1");
    }
}
