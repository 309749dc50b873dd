using ManaAi.Actors.Missions;
using NodaTime;
using NodaTime.Text;

namespace ManaAi.Tests.Missions;

public class ZoneInferenceTests
{
    private static readonly DateTimeZone Berlin = DateTimeZoneProviders.Tzdb["Europe/Berlin"];

    [Theory]
    [InlineData("America/New_York")]
    [InlineData(" Asia/Calcutta ")]
    [InlineData("UTC")]
    public void The_missions_own_zone_goes_before_all_else(string zone)
    {
        var found = Infer(new Cadence.Daily(9, 0), "2026-07-01T07:00:00Z", zone);

        found.Source.ShouldBe(ZoneSource.Mission);
        found.Zone.Id.ShouldBe(zone.Trim());
        found.Sentence.ShouldContain(zone.Trim());
    }

    [Theory]
    [InlineData("Mars/Olympus_Mons")]
    [InlineData("europe/berlin/")]
    [InlineData("CEST+1")]
    public void A_zone_that_there_is_not_is_told_and_inferred_instead(string zone)
    {
        var found = Infer(new Cadence.Daily(9, 0), "2026-07-01T13:00:00Z", zone);

        found.Zone.ShouldBe(DateTimeZone.ForOffset(Offset.FromHours(-4)));
        found.Sentence.ShouldContain($"\"{zone}\" is no tzdb name");
    }

    [Fact]
    public void An_endless_zone_is_shown_by_its_beginning() =>
        Infer(new Cadence.Manual(), null, new string('x', 5000)).Sentence.Length.ShouldBeLessThan(300);

    [Theory]
    // Berlin is +02:00 in July, +01:00 in January.
    [InlineData(9, 0, "2026-07-01T07:00:00Z")]
    [InlineData(9, 0, "2026-01-01T08:00:00.000Z")]
    [InlineData(0, 0, "2026-06-30T22:00:00Z")]
    [InlineData(2, 30, "2026-10-25T00:30:00Z")] // Both passes through the hour that autumn repeats.
    [InlineData(2, 30, "2026-10-25T01:30:00Z")]
    [InlineData(2, 30, "2026-03-29T01:00:00Z")] // Where the engine puts the hour that spring skips,
    [InlineData(2, 30, "2026-03-29T01:30:00Z")] // and where devices put it.
    public void The_default_zone_is_taken_when_it_explains_a_daily_nextRunAt(
        int hour,
        int minute,
        string nextRunAt
    )
    {
        var found = Infer(new Cadence.Daily(hour, minute), nextRunAt);

        found.Source.ShouldBe(ZoneSource.DefaultConfirmed);
        found.Zone.ShouldBe(Berlin);
        found.Sentence.ShouldContain("Europe/Berlin");
    }

    [Theory]
    [InlineData(9, 0, "2026-07-01T08:00:00Z", "+01")]
    [InlineData(9, 0, "2026-07-01T13:00:00Z", "-04")]
    [InlineData(9, 0, "2026-07-01T03:30:00Z", "+05:30")]
    [InlineData(9, 0, "2026-07-01T03:15:00Z", "+05:45")]
    [InlineData(9, 0, "2026-07-01T00:15:00Z", "+08:45")]
    [InlineData(9, 0, "2026-07-01T09:00:00Z", "+00")]
    [InlineData(23, 30, "2026-07-02T08:30:00Z", "-09")]
    [InlineData(2, 30, "2026-03-28T22:30:00Z", "+04")]
    // Two offsets a day apart fit: -12:00 to -10:00 against +12:00 to +14:00. The nearer to Berlin's is taken.
    [InlineData(9, 0, "2026-07-01T21:00:00Z", "+12")]
    [InlineData(9, 0, "2026-07-01T20:00:00Z", "+13")]
    [InlineData(9, 0, "2026-07-01T19:00:00Z", "-10")]
    [InlineData(9, 0, "2026-07-01T18:45:00Z", "-09:45")]
    public void Another_offset_is_read_off_a_daily_nextRunAt(
        int hour,
        int minute,
        string nextRunAt,
        string offset
    )
    {
        var found = Infer(new Cadence.Daily(hour, minute), nextRunAt);

        found.Source.ShouldBe(ZoneSource.Offset);
        found.Zone.ShouldBe(DateTimeZone.ForOffset(OffsetPattern.GeneralInvariant.Parse(offset).Value));
        found.Sentence.ShouldContain("Europe/Berlin");
        found.Sentence.ShouldContain(nextRunAt);
    }

    [Theory]
    // 1 July 2026 is a Wednesday.
    [InlineData(3, "2026-07-01T07:00:00Z", ZoneSource.DefaultConfirmed, "Europe/Berlin")]
    [InlineData(3, "2026-06-30T21:00:00Z", ZoneSource.Offset, "UTC+12")]
    [InlineData(3, "2026-06-30T19:00:00Z", ZoneSource.Offset, "UTC+14")]
    [InlineData(3, "2026-07-01T19:00:00Z", ZoneSource.Offset, "UTC-10")]
    [InlineData(3, "2026-07-01T21:00:00Z", ZoneSource.Offset, "UTC-12")]
    [InlineData(3, "2026-07-03T07:00:00Z", ZoneSource.Default, "Europe/Berlin")] // A Friday nearly everywhere.
    public void The_weekday_tells_offsets_a_day_apart(
        int day,
        string nextRunAt,
        ZoneSource source,
        string zone
    )
    {
        var found = Infer(new Cadence.Weekly(day, 9, 0), nextRunAt);

        (found.Source, found.Zone.Id).ShouldBe((source, zone));
    }

    [Theory]
    [InlineData("2026-07-01T07:07:00Z")] // No zone is at 01:53.
    [InlineData("2026-07-01T07:00:01Z")] // Devices compute whole minutes.
    [InlineData("2026-07-01T07:00:00.001Z")]
    [InlineData("9999-12-31T23:00:00Z")]
    [InlineData(null)]
    public void A_nextRunAt_that_tells_nothing_leaves_the_default(string? nextRunAt)
    {
        var found = Infer(new Cadence.Daily(9, 0), nextRunAt);

        (found.Source, found.Zone).ShouldBe((ZoneSource.Default, Berlin));
    }

    public static TheoryData<Cadence> WithoutAnHour =>
        new()
        {
            new Cadence.Manual(),
            new Cadence.Interval(60),
            new Cadence.Cron("0 9 * * *"),
            new Cadence.Unreadable(""),
        };

    [Theory]
    [MemberData(nameof(WithoutAnHour))]
    public void A_cadence_without_an_hour_leaves_the_default(Cadence cadence)
    {
        var found = Infer(cadence, "2026-07-01T13:00:00Z");

        (found.Source, found.Zone).ShouldBe((ZoneSource.Default, Berlin));
    }

    [Fact]
    public void What_the_engine_writes_in_the_default_zone_is_always_read_as_the_default_zone()
    {
        foreach (var id in new[] { "Europe/Berlin", "America/Nuuk", "Australia/Lord_Howe", "Africa/Cairo" })
        {
            var zone = DateTimeZoneProviders.Tzdb[id];
            foreach (
                var cadence in new Cadence[]
                {
                    new Cadence.Daily(2, 15),
                    new Cadence.Daily(23, 59),
                    new Cadence.Weekly(0, 2, 30),
                }
            )
            {
                Schedule
                    .Upcoming(cadence, zone, Instant.FromUtc(2026, 1, 1, 0, 0), 5)
                    .Take(400)
                    .Select(run => ZoneInference.Infer(null, cadence, ((NextRun.At)run).Instant, zone).Source)
                    .ShouldAllBe(source => source == ZoneSource.DefaultConfirmed);
            }
        }
    }

    private static MissionZone Infer(Cadence cadence, string? nextRunAt, string? zone = null) =>
        ZoneInference.Infer(
            zone,
            cadence,
            nextRunAt is null ? null : InstantPattern.ExtendedIso.Parse(nextRunAt).Value,
            Berlin
        );
}
