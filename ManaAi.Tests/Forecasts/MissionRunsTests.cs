using ManaAi.Actors.Forecasts;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using NodaTime;

namespace ManaAi.Tests.Forecasts;

public class MissionRunsTests
{
    // A Monday; Berlin's wall is an hour ahead.
    private static readonly DateTimeOffset _monday = At("2026-03-02T00:00Z");

    private static readonly ForecastOptions _options = new() { Schedule = new ScheduleOptions() };

    [Fact]
    public void A_daily_mission_runs_at_its_nextRunAt_and_then_each_day() =>
        Runs(Mission(new Cadence.Daily(9, 30), "2026-03-02T08:30Z"), _monday, 3)
            .ShouldBe(["2026-03-02T08:30Z", "2026-03-03T08:30Z", "2026-03-04T08:30Z"]);

    [Fact]
    public void A_weekly_mission_runs_on_its_day_alone() =>
        Runs(Mission(new Cadence.Weekly(3, 9, 0), "2026-03-04T08:00Z"), _monday, 14)
            .ShouldBe(["2026-03-04T08:00Z", "2026-03-11T08:00Z"]);

    [Fact]
    public void What_is_paused_runs_when_the_pause_ends()
    {
        var mission = Mission(new Cadence.Daily(9, 30), "2026-03-02T08:30Z");

        Runs(mission with { PausedUntil = At("2026-03-03T12:00Z") }, _monday, 3)
            .ShouldBe(["2026-03-03T12:00Z", "2026-03-04T08:30Z"]);
        Runs(mission with { PausedUntil = At("2026-03-01T12:00Z") }, _monday, 3).Length.ShouldBe(3);
        Runs(mission with { PausedUntil = DateTimeOffset.MaxValue }, _monday, 3).ShouldBeEmpty();
    }

    [Fact]
    public void What_was_claimed_before_is_not_late()
    {
        var mission = Mission(new Cadence.Daily(9, 30), "2026-03-01T20:00Z");
        var options = new ForecastOptions { Schedule = new ScheduleOptions { IsMissedMadeUpFor = false } };
        var window = new ForecastWindow(_monday, _monday, _monday.AddHours(1));

        MissionRuns.Of(mission, window, options).Single().SkipReason.ShouldBe("missed");
        MissionRuns.Of(mission with { IsBegun = true }, window, options).Single().SkipReason.ShouldBeNull();
    }

    [Fact]
    public void What_an_operator_hurried_is_not_missed_however_old()
    {
        var mission = Mission(new Cadence.Daily(9, 30), "2026-01-02T08:30Z");
        var options = new ForecastOptions
        {
            Schedule = new ScheduleOptions { MissedAfter = TimeSpan.FromDays(7) },
        };
        var window = new ForecastWindow(_monday, _monday, _monday.AddHours(1));

        MissionRuns
            .Of(mission with { IsBegun = true }, window, options)
            .Single()
            .SkipReason.ShouldBe("missed");
        MissionRuns.Of(mission with { IsHurried = true }, window, options).Single().SkipReason.ShouldBeNull();
    }

    [Fact]
    public void An_interval_counts_from_the_run_and_not_below_the_floor() =>
        Runs(
                Mission(new Cadence.Interval(2), "2026-03-02T00:01Z"),
                new ForecastWindow(_monday, _monday, _monday.AddMinutes(12)),
                _options
            )
            .ShouldBe(["2026-03-02T00:01Z", "2026-03-02T00:06Z", "2026-03-02T00:11Z"]);

    [Fact]
    public void A_cron_mission_without_a_nextRunAt_runs_from_now_on() =>
        Runs(Mission(new Cadence.Cron("0 */8 * * *"), null), _monday, 1)
            .ShouldBe(["2026-03-02T07:00Z", "2026-03-02T15:00Z", "2026-03-02T23:00Z"]);

    [Theory]
    [InlineData("manual")]
    [InlineData("unreadable")]
    public void What_has_no_next_run_runs_once_where_a_device_said_when(string kind)
    {
        Cadence cadence = kind == "manual" ? new Cadence.Manual() : new Cadence.Unreadable("");

        Runs(Mission(cadence, "2026-03-02T08:00Z"), _monday, 3).ShouldBe(["2026-03-02T08:00Z"]);
        Runs(Mission(cadence, null), _monday, 3).ShouldBeEmpty();
    }

    [Fact]
    public void The_day_on_which_the_clock_changes_has_its_run_at_the_walls_hour() =>
        Runs(Mission(new Cadence.Daily(2, 30), "2026-03-28T01:30Z"), At("2026-03-28T00:00Z"), 3)
            .ShouldBe(["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]);

    [Fact]
    public void The_zone_is_the_missions_own_or_that_of_its_nextRunAt()
    {
        var tokyo = Mission(new Cadence.Daily(10, 0), null) with { TimeZone = "Asia/Tokyo" };
        var read = Mission(new Cadence.Daily(9, 0), "2026-03-02T14:00Z");
        var stale = read with { IsCadenceNewer = true };

        Runs(tokyo, _monday, 1).ShouldBe(["2026-03-02T01:00Z"]);
        Runs(read, _monday, 2).ShouldBe(["2026-03-02T14:00Z", "2026-03-03T14:00Z"]);
        Runs(stale, _monday, 2).ShouldBe(["2026-03-02T14:00Z", "2026-03-03T08:00Z"]);
    }

    [Fact]
    public void What_is_overdue_is_one_run_now_however_often_it_was_missed()
    {
        var now = At("2026-03-05T12:00Z");
        Runs(Mission(new Cadence.Daily(9, 0), "2026-03-02T08:00Z"), now, 2)
            .ShouldBe(["2026-03-05T12:00Z", "2026-03-06T08:00Z", "2026-03-07T08:00Z"]);
        Runs(
                Mission(new Cadence.Interval(60), "2026-03-02T08:00Z"),
                new ForecastWindow(now, now, now.AddHours(2)),
                _options
            )
            .ShouldBe(["2026-03-05T12:00Z", "2026-03-05T13:00Z"]);
    }

    [Theory]
    [InlineData(false, 7, "2026-03-05T12:00Z missed")]
    [InlineData(true, 2, "2026-03-05T12:00Z missed")]
    [InlineData(true, 4, "2026-03-05T12:00Z")]
    public void What_was_missed_for_too_long_is_skipped_and_the_schedule_moves_on(
        bool isMadeUpFor,
        int missedAfterDays,
        string first
    )
    {
        var schedule = new ScheduleOptions
        {
            IsMissedMadeUpFor = isMadeUpFor,
            MissedAfter = TimeSpan.FromDays(missedAfterDays),
        };
        var now = At("2026-03-05T12:00Z");

        Runs(
                Mission(new Cadence.Daily(9, 0), "2026-03-02T08:00Z"),
                new ForecastWindow(now, now, now.AddDays(1)),
                new ForecastOptions { Schedule = schedule }
            )
            .ShouldBe([first, "2026-03-06T08:00Z"]);
    }

    [Fact]
    public void An_instant_that_has_its_verdict_is_not_run_again()
    {
        var settled = Mission(new Cadence.Daily(9, 0), "2026-03-01T08:00Z") with { IsSettled = true };

        Runs(settled, _monday, 2).ShouldBe(["2026-03-02T08:00Z", "2026-03-03T08:00Z"]);
        Runs(settled, Window(_monday, 2), _options with { IsScheduleAdvanced = false }).ShouldBeEmpty();
    }

    [Fact]
    public void Schedules_that_nobody_moves_have_the_one_run_that_is_known()
    {
        var options = _options with { IsScheduleAdvanced = false };

        Runs(Mission(new Cadence.Daily(9, 0), "2026-03-02T08:00Z"), Window(_monday, 5), options)
            .ShouldBe(["2026-03-02T08:00Z"]);
        Runs(Mission(new Cadence.Cron("@daily"), null), Window(_monday, 5), options).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("paused", null, "agent-paused")]
    [InlineData("archived", null, "agent-archived")]
    [InlineData("active", 0L, "budget")]
    [InlineData("active", 1L, null)]
    [InlineData(null, null, null)]
    public void An_agent_that_does_not_work_skips_its_runs(string? state, long? tokens, string? reason)
    {
        var mission = Mission(new Cadence.Daily(9, 0), "2026-03-02T08:00Z") with
        {
            Agent = new ForecastAgent(new AgentId("agent-1"), state, tokens),
        };

        Runs(mission, _monday, 2)
            .ShouldBe([$"2026-03-02T08:00Z {reason}".Trim(), $"2026-03-03T08:00Z {reason}".Trim()]);
    }

    [Fact]
    public void The_spread_moves_the_start_by_the_missions_own_share()
    {
        var options = new ForecastOptions
        {
            Schedule = new ScheduleOptions { Spread = TimeSpan.FromMinutes(60) },
        };
        var mission = Mission(new Cadence.Daily(9, 0), "2026-03-02T08:00Z") with { SpreadShare = 0.25 };

        Runs(mission, Window(_monday, 2), options).ShouldBe(["2026-03-02T08:15Z", "2026-03-03T08:15Z"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(45)]
    [InlineData(4000)]
    public void A_window_that_lies_ahead_has_the_runs_that_a_longer_one_has_there(int daysAhead)
    {
        Cadence[] cadences =
        [
            new Cadence.Daily(9, 0),
            new Cadence.Weekly(1, 23, 59),
            new Cadence.Cron("*/17 3-5 * * *"),
            new Cadence.Interval(7 * 60),
            new Cadence.Interval(24 * 60),
        ];
        var options = new ForecastOptions
        {
            Schedule = new ScheduleOptions { Spread = TimeSpan.FromMinutes(3) },
        };
        var from = _monday.AddDays(daysAhead);
        var to = from.AddDays(8);
        foreach (var cadence in cadences)
        {
            // Overdue, and on a fraction of a second.
            var mission = Mission(cadence, "2026-02-27T08:00:00.123456Z") with
            {
                SpreadShare = 0.4,
            };
            var all = MissionRuns.Of(mission, new ForecastWindow(_monday, _monday, to), options);

            MissionRuns
                .Of(mission, new ForecastWindow(_monday, from, to), options)
                .ShouldBe(all.Where(run => run.At >= Instant.FromDateTimeOffset(from)), $"{cadence}");
        }
    }

    [Fact]
    public void The_end_is_not_in_the_window()
    {
        var mission = Mission(new Cadence.Daily(9, 0), "2026-03-02T08:00Z");
        var due = At("2026-03-02T08:00Z");

        Runs(mission, new ForecastWindow(_monday, _monday, due), _options).ShouldBeEmpty();
        Runs(mission, new ForecastWindow(_monday, due, due.AddMinutes(1)), _options).ShouldHaveSingleItem();
    }

    private static ForecastMission Mission(Cadence cadence, string? nextRunAt) =>
        new(new UserId("user-1")) { Cadence = cadence, NextRunAt = nextRunAt is null ? null : At(nextRunAt) };

    private static ForecastWindow Window(DateTimeOffset from, int days) =>
        new(from, from, from.AddDays(days));

    private static string[] Runs(ForecastMission mission, DateTimeOffset from, int days) =>
        Runs(mission, Window(from, days), _options);

    private static string[] Runs(ForecastMission mission, ForecastWindow window, ForecastOptions options) =>
        [
            .. MissionRuns
                .Of(mission, window, options)
                .Select(run =>
                    $"{run.At.ToDateTimeOffset():yyyy-MM-dd'T'HH:mm'Z'} {run.SkipReason}".TrimEnd()
                ),
        ];

    private static DateTimeOffset At(string text) => Actors.ChangeLog.IsoText.Parse(text).ShouldNotBeNull();
}
