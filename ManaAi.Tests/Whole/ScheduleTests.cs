using System.Net;
using System.Text.Json;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

public sealed class ScheduleTests : WholeTests
{
    [Fact]
    public async Task A_cron_mission_gets_its_first_nextRunAt_from_us_once()
    {
        await InsertAsync(new DeviceMission("weekdays", null) { Cadence = Cron("30 8 * * 1-5") });
        await InsertAsync(new DeviceMission("never", null) { Cadence = Cron("0 0 31 2 *") });
        await InsertAsync(new DeviceMission("paused", null) { Cadence = Cron("@daily"), State = "paused" });
        var node = await StartAsync();

        await node.TickAsync();
        await node.TickAsync();

        var row = (await Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.RecordId.ShouldBe("weekdays");
        row.Actor.GetProperty("principalId").GetString().ShouldBe("system:mission-runner");
        row.Data.TryGetProperty("iterations", out _).ShouldBeFalse();
        row.Data.GetProperty("nextRunAt").GetDateTimeOffset().ShouldBeGreaterThan(row.CreatedAt);
        (await Database.RunsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_mission_abandoned_long_ago_is_skipped_and_its_schedule_moves_on()
    {
        await InsertAsync(new DeviceMission("old", await AgoAsync("8 days")));
        var node = await StartAsync();

        (await node.TickAsync()).Numbers.ShouldBe((1, 0, 0, 0));

        var run = await SingleRunAsync();
        (run.Verdict, run.Reason).ShouldBe(("skipped", "missed"));
        Llm.Calls.Total.ShouldBe(0);
        (await node.MetricAsync("mana_ai_plans_written_back_total")).ShouldBe(0);
        var row = (await Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Data.GetProperty("nextRunAt").GetDateTimeOffset().ShouldBeGreaterThan(row.CreatedAt);
    }

    [Fact]
    public async Task A_first_schedule_that_the_log_refuses_keeps_nothing_else_waiting()
    {
        await InsertAsync(new DeviceMission("cron", null) { Cadence = Cron("@daily"), UserId = "user-2" });
        await InsertAsync(new DeviceMission("due", await AgoAsync("1 minute")));
        await Database.RefuseRowsOfAsync("cron");
        var node = await StartAsync();

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
    }

    [Theory]
    [InlineData("once", "planned", 72)]
    [InlineData("skip", "skipped", 0)]
    public async Task Missed_occurrences_are_made_up_for_once_or_not_at_all(
        string rule,
        string verdict,
        int missed
    )
    {
        await InsertAsync(new DeviceMission("missed", await AgoAsync("3 days")));
        var node = await StartAsync(("MISSED_RUNS", rule));

        await node.TickAsync();

        (await SingleRunAsync()).Verdict.ShouldBe(verdict);
        (await Database.ReadAsync<int>("select missed from mana_ai.runs")).ShouldBe(missed);
    }

    [Fact]
    public async Task A_herd_is_spread_without_moving_what_it_was_due_at()
    {
        var due = await AgoAsync("1 second");
        foreach (var index in Enumerable.Range(0, 20))
        {
            await InsertAsync(new DeviceMission($"herd-{index}", due) { UserId = $"user-{index}" });
        }

        var node = await StartAsync(("SPREAD_MS", "3600000"), ("DRY_RUN", "true"));
        await node.TickAsync();

        var runs = await Database.RunsAsync();
        runs.ShouldAllBe(run => run.DueAt == due && run.ClaimableAt <= due.AddHours(1));
        runs.Select(run => run.ClaimableAt).Distinct().Count().ShouldBeGreaterThan(10);
    }

    [Fact]
    public async Task One_mission_is_shown_with_its_zone_and_its_next_ten_runs()
    {
        var due = new DateTimeOffset(2099, 1, 5, 7, 30, 0, TimeSpan.Zero);
        await InsertAsync(
            new DeviceMission("shown", due) { Cadence = """{"kind":"daily","atHour":8,"atMinute":30}""" }
        );
        var node = await StartAsync();
        await node.TickAsync();

        using var answer = await node.GetAsync("internal/missions/user-1/shown");
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var schedule = document.RootElement.GetProperty("schedule");

        schedule.GetProperty("zone").GetString().ShouldBe("Europe/Berlin");
        schedule.GetProperty("nextRuns").GetArrayLength().ShouldBe(10);
        schedule.GetProperty("nextRuns")[0].GetString().ShouldBe("2099-01-05T07:30:00.000Z");
        schedule.GetProperty("nextRuns")[1].GetString().ShouldBe("2099-01-06T07:30:00.000Z");
        document.RootElement.GetProperty("record").GetProperty("title").GetString().ShouldBe("Reading");
        using var missing = await node.GetAsync("internal/missions/user-1/nobody");
        missing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_nextRunAt_that_is_older_than_the_cadence_tells_nobody_a_zone()
    {
        var due = new DateTimeOffset(2099, 1, 5, 7, 30, 0, TimeSpan.Zero);
        var mission = new DeviceMission("moved", due)
        {
            Cadence = """{"kind":"daily","atHour":8,"atMinute":30}""",
        };
        await InsertAsync(mission);
        await Database.InsertChangeAsync(
            mission.ToEdit(
                Database.Generation,
                "cadence",
                """{"kind":"daily","atHour":10,"atMinute":0}""",
                "2098-01-01T00:00:00.000Z"
            )
        );
        var node = await StartAsync();
        await node.TickAsync();

        var shown = await node.AskAsync(HttpMethod.Get, "internal/missions/user-1/moved");
        var why = await node.AskAsync(HttpMethod.Get, "internal/missions/user-1/moved/why");

        var schedule = shown.GetProperty("schedule");
        schedule.GetProperty("zone").GetString().ShouldBe("Europe/Berlin");
        schedule.GetProperty("nextRuns")[1].GetString().ShouldBe("2099-01-05T09:00:00.000Z");
        why.GetRawText().ShouldContain("The zone is the default Europe/Berlin: the mission names none");
    }

    private static string Cron(string expression) => $$"""{"kind":"cron","expression":"{{expression}}"}""";

    private Task<DateTimeOffset> AgoAsync(string interval) =>
        Database.ReadAsync<DateTimeOffset>(
            $"select date_trunc('milliseconds', now()) - interval '{interval}'"
        );

    private Task<Guid> InsertAsync(DeviceMission mission) => Database.InsertChangeAsync(mission.ToInsert());
}
