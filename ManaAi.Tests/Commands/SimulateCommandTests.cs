using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Host.Commands;
using ManaAi.Tests.Support;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.Commands;

/// <summary>Over a projection as a fold of the change log leaves it. The clock stands on a Monday, at half past eight.</summary>
public sealed class SimulateCommandTests : IAsyncLifetime
{
    private const string DailyAtTen = """{"kind":"daily","atHour":10,"atMinute":0}""";

    private readonly Dictionary<string, string?> _environment = new() { ["MAX_CONCURRENT_PLANS"] = "1" };

    private LedgerBench _bench = null!;

    public async Task InitializeAsync()
    {
        _bench = await LedgerBench.CreateAsync();
        _environment["SYNC_DATABASE_URL"] = _bench.Database.ReaderUrl;
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task The_time_ahead_is_shown_by_hour_user_agent_and_peak_with_what_that_rests_on()
    {
        await ArrangeAsync();

        var ended = await RunAsync("--to", "2026-03-02T12:00:00Z");

        (ended.ExitCode, ended.Error).ShouldBe((0, ""));
        ended.Output.ShouldBe(
            """
            hour (UTC)        runs  users  tokens  busy
            2026-03-02 08:00     2      2     800    1%
            2026-03-02 09:00     5      1    2500    3%
            2026-03-02 10:00     1      1     600    1%
            2026-03-02 11:00     1      1     600    1%

            user    missions  runs  tokens
            user-1         5     8    4300
            user-2         1     1     200

            agent    user    missions  runs  tokens
            agent-1  user-1         1     4    2400

            peak (UTC)        runs  of one user  worked off in
            2026-03-02 09:00     4            4     1 min 20 s
            2026-03-02 08:30     2            1           40 s
            2026-03-02 09:30     1            1           20 s
            2026-03-02 10:30     1            1           20 s
            2026-03-02 11:30     1            1           20 s

            from                    2026-03-02T08:30:00.000Z
            to                      2026-03-02T12:00:00.000Z
            runs                    9, of 6 missions of 2 users
            tokens                  4500
            fullest hour            2026-03-02 09:00, 5 runs
            does not keep up        never
            skipped (agent-paused)  1 run of 1 mission, not counted above
            skipped (missed)        1 run of 1 mission, not counted above
            pool                    1 x 1 plans at once, 2 for one user
            seconds a plan          20, the average of 3 plans of the last 30 days
            tokens a run            400, the average of 3 runs of the last 30 days
              known by              the mission's own runs 2, its agent's 4, its user's 3, those of all 0
            schedules               Europe/Berlin by default, intervals from 5 min
            change log read         2026-03-02T08:29:00.000Z

            """
        );
    }

    [Fact]
    public async Task As_json_it_is_all_of_that_by_stable_names()
    {
        await ArrangeAsync();

        var ended = await RunAsync("--to", "2026-03-02T12:00:00Z", "--seconds-per-plan", "900", "--json");

        (ended.ExitCode, ended.Error).ShouldBe((0, ""));
        using var document = JsonDocument.Parse(ended.Output);
        var root = document.RootElement;
        Names(root)
            .ShouldBe([
                "from",
                "to",
                "logReadAt",
                "sums",
                "skipped",
                "hours",
                "overloadedHours",
                "peaks",
                "topUsers",
                "topAgents",
                "assumptions",
            ]);
        Text(root, "sums")
            .ShouldBe("""{"missions":8,"missionsWithRuns":6,"runs":9,"users":2,"agents":1,"tokens":4500}""");
        Text(root, "skipped")
            .ShouldBe(
                """[{"reason":"agent-paused","missions":1,"runs":1},{"reason":"missed","missions":1,"runs":1}]"""
            );
        JsonSerializer
            .Serialize(root.GetProperty("hours")[1])
            .ShouldBe(
                """{"hour":"2026-03-02T09:00:00.000Z","runs":5,"users":1,"tokens":2500,"busyPercent":125,"keepsUp":false,"behindSeconds":900}"""
            );
        Text(root, "overloadedHours").ShouldBe("""["2026-03-02T09:00:00.000Z"]""");
        JsonSerializer
            .Serialize(root.GetProperty("peaks").GetProperty("minutes")[0])
            .ShouldBe(
                """{"minute":"2026-03-02T09:00:00.000Z","runs":4,"runsOfOneUser":4,"workOffSeconds":3600}"""
            );
        root.GetProperty("peaks").GetProperty("hour").GetProperty("runs").GetInt64().ShouldBe(5);
        JsonSerializer
            .Serialize(root.GetProperty("topUsers")[1])
            .ShouldBe("""{"userId":"user-2","missions":1,"runs":1,"tokens":200}""");
        Text(root, "topAgents")
            .ShouldBe("""[{"userId":"user-1","agentId":"agent-1","missions":1,"runs":4,"tokens":2400}]""");
        Text(root.GetProperty("assumptions"), "pool")
            .ShouldBe(
                """{"plansMax":1,"nodes":1,"planners":1,"plansPerUserMax":2,"secondsPerPlan":900,"secondsSource":"given","samplePlans":3}"""
            );
        Text(root.GetProperty("assumptions"), "tokensPerRun")
            .ShouldBe(
                """{"average":400,"sampleRuns":3,"runsByMission":2,"runsByAgent":4,"runsByUser":3,"runsByAll":0,"runsUnknown":0}"""
            );
    }

    [Fact]
    public async Task More_nodes_keep_up_where_one_does_not()
    {
        await ArrangeAsync();

        (await RunAsync("--seconds-per-plan", "1000")).Output.ShouldContain(
            "2026-03-02 09:00     5      1    2500  139%  does not keep up, 26 min 40 s behind at its end\n"
        );
        var two = await RunAsync("--seconds-per-plan", "1000", "--nodes", "2");
        two.Output.ShouldContain("2026-03-02 09:00     5      1    2500   69%\n");
        two.Output.ShouldContain("does not keep up        never\n");
        two.Output.ShouldContain("pool                    2 x 1 plans at once, 2 for one user\n");
        two.Output.ShouldContain("seconds a plan          1000, as asked\n");
    }

    [Fact]
    public async Task The_settings_of_schedules_are_those_of_the_service()
    {
        await AddAsync(
            new DeviceMission("mission-1", At("08:40"))
            {
                Cadence = """{"kind":"interval","everyMinutes":1}""",
            }
        );
        await AddAsync(new DeviceMission("mission-2", At("08:00")) { Cadence = DailyAtTen });
        await AddAsync(
            new DeviceMission("mission-3", null) { Cadence = """{"kind":"cron","expression":"0 19 * * *"}""" }
        );
        await FoldAsync();
        _environment["MIN_INTERVAL_MINUTES"] = "60";
        _environment["DEFAULT_TIME_ZONE"] = "Asia/Tokyo";
        _environment["MISSED_RUNS"] = "skip";

        var ended = await RunAsync("--to", "2026-03-02T11:00:00Z");

        ended.Output.ShouldContain("2026-03-02 08:00     1 ");
        ended.Output.ShouldContain("2026-03-02 09:00     1 ");
        ended.Output.ShouldContain("2026-03-02 10:00     2 ", customMessage: "19:00 in Tokyo is 10:00");
        ended.Output.ShouldContain("skipped (missed)  1 run of 1 mission");
        ended.Output.ShouldContain("schedules         Asia/Tokyo by default, intervals from 60 min\n");
    }

    [Fact]
    public async Task An_instant_with_a_verdict_and_a_cadence_newer_than_nextRunAt_are_read_as_the_service_does()
    {
        // Closed at nextRunAt, where a device put back an old one; it still tells that ten o'clock is 08:00 in UTC.
        await AddAsync(new DeviceMission("mission-1", At("08:00")) { Cadence = DailyAtTen });
        // 11:00 in Berlin would tell of another zone, had it been meant for this cadence.
        var moved = new DeviceMission("mission-2", At("10:00"));
        await AddAsync(moved);
        await _bench.Database.InsertChangeAsync(
            moved.ToEdit(LogGeneration.Two, "cadence", DailyAtTen, "2026-03-01T00:00:00.000Z")
        );
        await FoldAsync();
        await AddRunAsync("user-1", "mission-1", tokens: 0, seconds: 1, dueAt: At("08:00"));

        var ended = await RunAsync(
            "--from",
            "2026-03-02T08:30:00Z",
            "--to",
            "2026-03-03T10:00:00Z",
            "--json"
        );

        using var document = JsonDocument.Parse(ended.Output);
        document
            .RootElement.GetProperty("hours")
            .EnumerateArray()
            .Where(hour => hour.GetProperty("runs").GetInt64() > 0)
            .Select(hour => $"{hour.GetProperty("hour").GetString()} {hour.GetProperty("runs").GetInt64()}")
            .ShouldBe([
                "2026-03-02T10:00:00.000Z 1",
                "2026-03-03T08:00:00.000Z 1",
                "2026-03-03T09:00:00.000Z 1",
            ]);
    }

    [Fact]
    public async Task Nothing_is_written_and_the_database_would_not_take_it()
    {
        await ArrangeAsync();
        // The view shows the cursor only to a transaction that cannot write, and sees the same all the time.
        await _bench.Database.ExecuteAsync(
            """
            alter table mana_ai.cursor rename to cursor_rows;
            create view mana_ai.cursor as select * from mana_ai.cursor_rows
             where current_setting('transaction_read_only') = 'on'
               and current_setting('transaction_isolation') = 'repeatable read';
            grant select on mana_ai.cursor to mana_ai_reader
            """
        );
        var before = await AllRowsAsync();

        var ended = await RunAsync();

        ended.Output.ShouldContain("change log read         2026-03-02T08:29:00.000Z\n");
        (await AllRowsAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Ids_are_made_harmless_for_a_terminal_and_no_text_of_a_user_is_shown()
    {
        await AddAsync(
            new DeviceMission("mission-1", At("09:00"))
            {
                UserId = "user\u001b[31m\u0085",
                Objective = "canary",
            }
        );
        await FoldAsync();

        var table = await RunAsync();
        var json = await RunAsync("-o", "json");

        table.Output.ShouldContain("user\uFFFD[31m\uFFFD");
        json.Output.ShouldContain("user\\u001B[31m\\u0085");
        (table.Output + json.Output).ShouldNotContain("canary");
    }

    [Fact]
    public async Task What_the_count_cannot_know_is_said_on_standard_error()
    {
        var empty = await RunAsync();
        (empty.ExitCode, empty.Output.Contains("runs              0, of 0 missions of 0 users")).ShouldBe(
            (0, true)
        );
        empty.Error.ShouldStartWith("No tick has read the change log yet");
        empty.Output.ShouldContain(
            "tokens a run      unknown: there is no run of the last 30 days that cost any\n"
        );
        empty.Output.ShouldContain("seconds a plan    15, assumed: there is no plan of the last 30 days\n");

        await FoldAsync();
        await _bench.Database.ExecuteAsync("update mana_ai.cursor set read_at = '2026-03-02T08:19:00Z'");

        (await RunAsync()).Error.ShouldBe(
            "The change log was last read at 2026-03-02T08:19:00.000Z: what devices wrote since is not counted.\n"
        );
    }

    [Fact]
    public async Task A_database_without_our_schema_is_told_what_to_do()
    {
        await using var bare = await TestDatabase.CreateAsync();
        _environment["SYNC_DATABASE_URL"] = bare.ReaderUrl;

        var ended = await RunAsync();

        (ended.ExitCode, ended.Output).ShouldBe((1, ""));
        ended.Error.ShouldContain("start the service there once");
    }

    private async Task ArrangeAsync()
    {
        foreach (var id in (string[])["mission-1", "mission-2", "mission-3", "mission-4"])
        {
            await AddAsync(new DeviceMission(id, At("09:00")) { Cadence = DailyAtTen });
        }

        await AddAsync(new DeviceMission("hourly", At("08:30")) { AgentId = "agent-1" });
        await AddAsync(new DeviceMission("resting", At("08:30")) { AgentId = "agent-1", State = "paused" });
        await AddAsync(new DeviceMission("hidden", At("09:00")) { Objective = "enc:1:x" });
        await AddAsync(new DeviceMission("by-hand", null) { Cadence = """{"kind":"manual"}""" });
        await AddAsync(new DeviceMission("overdue", At("07:00")) { UserId = "user-2", Cadence = DailyAtTen });
        await AddAsync(
            new DeviceMission("forgotten", At("07:00").AddDays(-8))
            {
                UserId = "user-2",
                Cadence = DailyAtTen,
            }
        );
        await AddAsync(
            new DeviceMission("idle", At("09:00"))
            {
                UserId = "user-2",
                Cadence = DailyAtTen,
                AgentId = "agent-2",
            }
        );
        await AddAgentAsync("user-1", "agent-1", "active");
        await AddAgentAsync("user-2", "agent-2", "paused");
        await FoldAsync();

        await AddRunAsync("user-1", "mission-1", tokens: 400, seconds: 10);
        await AddRunAsync("user-1", "resting", tokens: 600, seconds: 20);
        await AddRunAsync("user-2", "overdue", tokens: 200, seconds: 30);
        // Too long ago.
        await AddRunAsync("user-2", "overdue", tokens: 1_000_000, seconds: 3000, daysAgo: 31);
    }

    private Task<Guid> AddAsync(DeviceMission mission) =>
        _bench.Database.InsertChangeAsync(mission.ToInsert());

    private Task<Guid> AddAgentAsync(string user, string agent, string state) =>
        _bench.Database.InsertChangeAsync(
            new DeviceChange(agent, $$"""{"id":"{{agent}}","name":"Ada","state":"{{state}}"}""")
            {
                TableName = "agents",
                UserId = user,
            }
        );

    private async Task FoldAsync()
    {
        await _bench.Node().FoldAsync();
        await _bench.Database.ExecuteAsync("update mana_ai.cursor set read_at = '2026-03-02T08:29:00Z'");
    }

    private Task AddRunAsync(
        string user,
        string mission,
        int tokens,
        int seconds,
        int daysAgo = 1,
        DateTimeOffset? dueAt = null
    ) =>
        _bench.Database.ExecuteAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                insert into mana_ai.runs (user_id, mission_id, due_at, claimed_at, closed_at, verdict, iteration_id,
                                          prompt_tokens, completion_tokens)
                select '{user}', '{mission}', {(
                    dueAt is { } at ? $"'{IsoText.Milliseconds(at)}'" : "closed"
                )},
                       closed - interval '{seconds} s', closed, 'planned', gen_random_uuid(), {tokens} - {tokens} / 4, {tokens} / 4
                  from (select now() - interval '{daysAgo} days' as closed) c
                """
            )
        );

    /// <summary>All rows with the transactions that wrote them, so that a change back to the same would show too.</summary>
    private async Task<string?> AllRowsAsync() =>
        await _bench.Database.ReadAsync<string>(
            """
            select string_agg(line, e'\n' order by line)
              from (select 'log ' || xmin::text || c::text from public.sync_changes c
                    union all select 'mission ' || xmin::text || m::text from mana_ai.missions m
                    union all select 'agent ' || xmin::text || a::text from mana_ai.agents a
                    union all select 'run ' || xmin::text || r::text from mana_ai.runs r
                    union all select 'user ' || xmin::text || u::text from mana_ai.users u
                    union all select 'folded ' || xmin::text || f::text from mana_ai.folded_changes f
                    union all select 'cursor ' || xmin::text || k::text from mana_ai.cursor_rows k) rows (line)
            """
        );

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var time = new ManualTime(At("08:30"));
        var root = new RootCommand { SimulateCommand.Create(_environment, time) };
        var exitCode = await root.Parse(["simulate", .. arguments])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = error });
        return (exitCode, output.ToString(), error.ToString());
    }

    private static DateTimeOffset At(string time) =>
        DateTimeOffset.Parse($"2026-03-02T{time}:00Z", CultureInfo.InvariantCulture);

    private static IEnumerable<string> Names(JsonElement json) =>
        json.EnumerateObject().Select(member => member.Name);

    private static string Text(JsonElement json, string name) =>
        JsonSerializer.Serialize(json.GetProperty(name));
}
