using ManaAi.Actors.Missions;
using NodaTime;
using NodaTime.Text;

namespace ManaAi.Tests.Missions;

public class ScheduleTests
{
    [Theory]
    // Berlin: on 2026-03-29 the wall goes from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
    [InlineData("Europe/Berlin", 2, 30, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:30:00Z")]
    [InlineData("Europe/Berlin", 3, 0, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T01:00:00Z")]
    [InlineData("Europe/Berlin", 2, 30, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z")]
    [InlineData("Europe/Berlin", 2, 30, "2026-10-25T00:45:00Z", "2026-10-26T01:30:00Z")] // Within the second pass.
    [InlineData("Europe/Berlin", 2, 30, "2026-10-25T01:10:00Z", "2026-10-26T01:30:00Z")]
    // Half an hour, at midnight, across midnight, and no change at all.
    [InlineData(
        "Australia/Lord_Howe",
        2,
        15,
        "2026-10-03T00:00:00Z",
        "2026-10-03T15:30:00Z 2026-10-04T15:15:00Z"
    )]
    [InlineData("Africa/Cairo", 0, 0, "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z 2026-04-24T21:00:00Z")]
    [InlineData("America/Nuuk", 23, 59, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:59:00Z")]
    [InlineData("Asia/Kathmandu", 9, 0, "2026-03-28T12:00:00Z", "2026-03-29T03:15:00Z 2026-03-30T03:15:00Z")]
    // Apia had no 30 December 2011: the 31st has one run, its own.
    [InlineData("Pacific/Apia", 9, 0, "2011-12-29T12:00:00Z", "2011-12-29T19:00:00Z 2011-12-30T19:00:00Z")]
    public void A_daily_run_comes_when_the_wall_has_reached_its_hour(
        string zone,
        int hour,
        int minute,
        string from,
        string expected
    ) => Runs(new Cadence.Daily(hour, minute), zone, from, expected).ShouldBe(expected);

    [Theory]
    [InlineData(0, 2, 30, "2026-03-23T00:00:00Z", "2026-03-29T01:00:00Z 2026-04-05T00:30:00Z")]
    [InlineData(0, 2, 30, "2026-10-25T00:30:00Z", "2026-11-01T01:30:00Z")]
    [InlineData(3, 9, 0, "2026-07-01T07:00:00Z", "2026-07-08T07:00:00Z")] // A Wednesday, at the hour itself.
    [InlineData(3, 9, 0, "2026-07-01T06:59:59.999Z", "2026-07-01T07:00:00Z")]
    public void A_weekly_run_comes_on_its_weekday(
        int day,
        int hour,
        int minute,
        string from,
        string expected
    ) => Runs(new Cadence.Weekly(day, hour, minute), "Europe/Berlin", from, expected).ShouldBe(expected);

    [Fact]
    public void A_weekly_run_on_a_day_that_the_zone_left_out_comes_when_the_next_one_begins() =>
        Runs(
                new Cadence.Weekly(5, 9, 0),
                "Pacific/Apia",
                "2011-12-24T00:00:00Z",
                "2011-12-30T10:00:00Z 2012-01-05T19:00:00Z"
            )
            .ShouldBe("2011-12-30T10:00:00Z 2012-01-05T19:00:00Z");

    [Theory]
    [InlineData("0 * * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z 2026-03-29T02:00:00Z")]
    [InlineData("30 * * * *", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z 2026-03-29T01:30:00Z")]
    [InlineData("*/20 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:00:00Z")]
    [InlineData("*/30 * * * *", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z 2026-10-25T02:00:00Z")]
    public void A_cron_collapses_what_spring_skips_and_counts_the_first_of_what_autumn_repeats(
        string expression,
        string from,
        string expected
    ) => Runs(new Cadence.Cron(expression), "Europe/Berlin", from, expected).ShouldBe(expected);

    [Fact]
    public void A_run_that_daylight_saving_touched_says_so()
    {
        var moved = At(new Cadence.Daily(2, 30), "2026-03-29T00:00:00Z");
        moved.SkippedWallTime.ShouldBe(new LocalDateTime(2026, 3, 29, 2, 30));
        moved.IsFirstOfTwo.ShouldBeFalse();

        var first = At(new Cadence.Daily(2, 30), "2026-10-25T00:00:00Z");
        first.SkippedWallTime.ShouldBeNull();
        first.IsFirstOfTwo.ShouldBeTrue();

        // 03:00 is its own hour as well as the end of the gap.
        At(new Cadence.Cron("*/30 * * * *"), "2026-03-29T00:30:00Z")
            .ShouldBe(new(Instant.FromUtc(2026, 3, 29, 1, 0)));
    }

    [Theory]
    [InlineData(60, "2026-03-29T00:30:00.123Z", "2026-03-29T01:30:00.123Z", false)]
    [InlineData(60, "2026-03-29T00:30:00.1239999Z", "2026-03-29T01:30:00.123Z", false)]
    [InlineData(5, "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", false)]
    [InlineData(4, "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", true)]
    [InlineData(0, "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", true)]
    [InlineData(long.MinValue, "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", true)]
    [InlineData(long.MaxValue, "2026-01-01T00:00:00Z", "2126-03-18T00:00:00Z", false)] // 36,600 days.
    public void An_interval_counts_from_the_run_and_never_below_the_floor(
        long minutes,
        string from,
        string expected,
        bool isRaised
    )
    {
        var at = At(new Cadence.Interval(minutes), from);

        InstantPattern.ExtendedIso.Format(at.Instant).ShouldBe(expected);
        at.IsRaisedToMinimum.ShouldBe(isRaised);
    }

    [Fact]
    public void Manual_and_unreadable_missions_never_run_and_say_why()
    {
        Next(new Cadence.Manual(), "2026-01-01T00:00:00Z")
            .ShouldBeOfType<NextRun.Never>()
            .Reason.ShouldContain("manual");
        Next(new Cadence.Unreadable("It is a fish."), "2026-01-01T00:00:00Z")
            .ShouldBe(new NextRun.Never("It is a fish."));
    }

    public static TheoryData<Cadence> AllThatRun =>
        new()
        {
            new Cadence.Interval(90),
            new Cadence.Daily(9, 0),
            new Cadence.Weekly(0, 9, 0),
            new Cadence.Cron("* * * * *"),
            new Cadence.Cron("0 0 29 2 *"),
        };

    [Theory]
    [MemberData(nameof(AllThatRun))]
    public void Where_the_calendar_ends_so_do_the_runs(Cadence cadence)
    {
        foreach (var zone in new[] { "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin" })
        {
            foreach (var from in new[] { "9998-12-31T23:59:00Z", "9999-06-01T00:00:00Z" })
            {
                Next(cadence, from, zone).ShouldBeOfType<NextRun.Never>().Reason.ShouldContain("9998");
            }

            Schedule
                .NextRunAt(cadence, DateTimeZoneProviders.Tzdb[zone], DateTimeOffset.MaxValue, 5)
                .ShouldBeNull();
            Schedule
                .NextRunAt(cadence, DateTimeZoneProviders.Tzdb[zone], DateTimeOffset.MinValue, 5)
                .ShouldNotBeNull();
        }
    }

    private static string Runs(Cadence cadence, string zone, string from, string expected) =>
        string.Join(
            ' ',
            Schedule
                .Upcoming(cadence, DateTimeZoneProviders.Tzdb[zone], Parse(from), 5)
                .Take(expected.Split(' ').Length)
                .Select(run => InstantPattern.ExtendedIso.Format(run.ShouldBeOfType<NextRun.At>().Instant))
        );

    private static NextRun.At At(Cadence cadence, string from) =>
        Next(cadence, from).ShouldBeOfType<NextRun.At>();

    private static NextRun Next(Cadence cadence, string from, string zone = "Europe/Berlin") =>
        Schedule.NextAfter(cadence, DateTimeZoneProviders.Tzdb[zone], Parse(from), 5);

    private static Instant Parse(string text) => InstantPattern.ExtendedIso.Parse(text).Value;
}
