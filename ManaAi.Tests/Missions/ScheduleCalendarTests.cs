using ManaAi.Actors.Missions;
using NodaTime;

namespace ManaAi.Tests.Missions;

/// <summary>The engine against another library's calendar: every zone that both know, ten years at a time.</summary>
public class ScheduleCalendarTests
{
    private static readonly TimeSpan[] Times =
    [
        new(0, 0, 0),
        new(1, 30, 0),
        new(2, 0, 0),
        new(2, 30, 0),
        new(3, 0, 0),
        new(23, 59, 0),
    ];

    [Theory]
    [InlineData(2006)] // Apia and Fakaofo leave out a day.
    [InlineData(2020)]
    public void Daily_and_weekly_runs_around_every_change_are_those_of_an_independent_calendar(int firstYear)
    {
        var calendars = Calendars(firstYear);
        var changes = 0;
        foreach (var calendar in calendars)
        {
            foreach (var change in calendar.Changes.Where(change => IsInside(calendar, change)))
            {
                changes++;
                foreach (var time in Times)
                {
                    CompareDaily(calendar, change.AddDays(-4), change.AddDays(4), time);
                    CompareWeekly(calendar, change, time);
                }
            }
        }

        changes.ShouldBeGreaterThan(1000);
    }

    [Theory]
    // All exceptions, as docs/schedules.md tells: there the spring gap ends at midnight, so the last minute of
    // one day comes as the first of the next, which has its own run too.
    [InlineData(2006, "Asia/Dacca, Asia/Dhaka")]
    [InlineData(2020, "America/Godthab, America/Nuuk, America/Scoresbysund")]
    public void A_daily_mission_runs_once_on_every_local_day(
        int firstYear,
        string zonesWithAGapBeforeMidnight
    )
    {
        var exceptions = new List<string>();
        foreach (var alike in Calendars(firstYear).GroupBy(calendar => calendar.History))
        {
            foreach (var time in Times)
            {
                exceptions.AddRange(
                    from _ in DaysNotRunOnce(alike.First(), time)
                    from calendar in alike
                    select $"{calendar.Id} {time:hh\\:mm}"
                );
            }
        }

        exceptions
            .Distinct()
            .ShouldBe(zonesWithAGapBeforeMidnight.Split(", ").Select(id => $"{id} 23:59"), ignoreOrder: true);
    }

    private static IReadOnlyList<IndependentCalendar> Calendars(int firstYear)
    {
        var calendars = IndependentCalendar.Agreeing(
            new DateTime(firstYear, 1, 1, 0, 0, 0, DateTimeKind.Utc),
            new DateTime(firstYear + 10, 1, 1, 0, 0, 0, DateTimeKind.Utc)
        );
        calendars.Count.ShouldBeGreaterThan(300, "The system's tzdata is missing or old: install tzdata.");
        return calendars;
    }

    private static bool IsInside(IndependentCalendar calendar, DateTime at) =>
        at > calendar.From.AddDays(10) && at < calendar.To.AddDays(-10);

    private static void CompareDaily(IndependentCalendar calendar, DateTime from, DateTime to, TimeSpan time)
    {
        var expected = calendar
            .Days(from, to)
            .Select(day => calendar.Reach(day + time))
            .Where(at => at > from)
            .ToList();

        Compare(calendar, new Cadence.Daily(time.Hours, time.Minutes), from, expected);
    }

    // Seven weekdays, so that one of them is the day of the change.
    private static void CompareWeekly(IndependentCalendar calendar, DateTime change, TimeSpan time)
    {
        var from = change.AddDays(-4);
        for (
            var first = calendar.ToLocal(from).Date.AddDays(1);
            first <= from.AddDays(8);
            first = first.AddDays(1)
        )
        {
            DateTime[] expected = [calendar.Reach(first + time), calendar.Reach(first.AddDays(7) + time)];
            var cadence = new Cadence.Weekly((int)first.DayOfWeek, time.Hours, time.Minutes);

            Compare(calendar, cadence, expected[0].AddDays(-3), expected);
        }
    }

    private static void Compare(
        IndependentCalendar calendar,
        Cadence cadence,
        DateTime from,
        IReadOnlyList<DateTime> expected
    )
    {
        var actual = Runs(calendar, cadence, from).Take(expected.Count).ToList();
        if (!actual.SequenceEqual(expected)) // Shouldly words its message even when all is well: too slow here.
        {
            actual.ShouldBe(expected, $"{calendar.Id} {cadence} from {from:O}");
        }
    }

    private static IEnumerable<DateTime> DaysNotRunOnce(IndependentCalendar calendar, TimeSpan time)
    {
        var (from, to) = (calendar.From.AddDays(3), calendar.To.AddDays(-3));
        var runs = Runs(calendar, new Cadence.Daily(time.Hours, time.Minutes), from)
            .TakeWhile(at => at < to)
            .GroupBy(at => calendar.ToLocal(at).Date)
            .ToDictionary(day => day.Key, day => day.Count());
        return calendar.Days(from.AddDays(2), to.AddDays(-2)).Where(day => runs.GetValueOrDefault(day) != 1);
    }

    private static IEnumerable<DateTime> Runs(IndependentCalendar calendar, Cadence cadence, DateTime from) =>
        Schedule
            .Upcoming(cadence, calendar.Zone, Instant.FromDateTimeUtc(from), 5)
            .Select(run => ((NextRun.At)run).Instant.ToDateTimeUtc());
}
