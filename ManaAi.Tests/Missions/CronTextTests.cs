using ManaAi.Actors.Missions;
using NodaTime;
using NodaTime.Text;

namespace ManaAi.Tests.Missions;

public class CronTextTests
{
    [Theory]
    // From Thursday, 1 January 2026, 00:00 UTC.
    [InlineData("* * * * *", "2026-01-01T00:01")]
    [InlineData("0 * * * *", "2026-01-01T01:00")]
    [InlineData("*/20 * * * *", "2026-01-01T00:20")]
    [InlineData("7/20 * * * *", "2026-01-01T00:07 2026-01-01T00:27 2026-01-01T00:47 2026-01-01T01:07")]
    [InlineData(
        "5,10-12,50-59/5 0 * * *",
        "2026-01-01T00:05 2026-01-01T00:10 2026-01-01T00:11 2026-01-01T00:12 2026-01-01T00:50 2026-01-01T00:55 2026-01-02T00:05"
    )]
    [InlineData("\t0\t 12  * * *\n", "2026-01-01T12:00")]
    [InlineData("00 09 01 02 *", "2026-02-01T09:00")]
    [InlineData("0 0 * feb *", "2026-02-01T00:00")]
    [InlineData("0 0 1 JAN-dec/6 *", "2026-07-01T00:00 2027-01-01T00:00")]
    [InlineData("0 0 * * Mon-FRI", "2026-01-02T00:00 2026-01-05T00:00")]
    [InlineData("0 0 * * 0", "2026-01-04T00:00 2026-01-11T00:00")]
    [InlineData("0 0 * * 7", "2026-01-04T00:00 2026-01-11T00:00")]
    [InlineData("0 0 * * 5-7", "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00 2026-01-09T00:00")]
    [InlineData("0 0 * * FRI-SUN", "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00 2026-01-09T00:00")]
    [InlineData("0 0 * * 2/2", "2026-01-03T00:00 2026-01-06T00:00 2026-01-08T00:00 2026-01-10T00:00")]
    [InlineData("0 0 * * */100", "2026-01-04T00:00")]
    [InlineData("0 0 31 * *", "2026-01-31T00:00 2026-03-31T00:00 2026-05-31T00:00")]
    [InlineData("0 0 29 2 *", "2028-02-29T00:00 2032-02-29T00:00")]
    // Both days restricted: either is enough.
    [InlineData("0 0 13 * 5", "2026-01-02T00:00 2026-01-09T00:00 2026-01-13T00:00")]
    [InlineData("0 0 31 2 1", "2026-02-02T00:00 2026-02-09T00:00")]
    [InlineData("0 0 1-31 * 1", "2026-01-02T00:00 2026-01-03T00:00")]
    // A field that begins with a star is not restricted, so it only narrows the other.
    [InlineData("0 0 */2 * 5", "2026-01-09T00:00 2026-01-23T00:00 2026-02-13T00:00")]
    [InlineData("0 0 13 * */5", "2026-02-13T00:00 2026-03-13T00:00 2026-09-13T00:00")]
    [InlineData("0 0 29 2 */7", "2032-02-29T00:00 2060-02-29T00:00 2088-02-29T00:00 2128-02-29T00:00")]
    [InlineData("@hourly", "2026-01-01T01:00 2026-01-01T02:00")]
    [InlineData("@daily", "2026-01-02T00:00 2026-01-03T00:00")]
    [InlineData(" @Midnight ", "2026-01-02T00:00 2026-01-03T00:00")]
    [InlineData("@weekly", "2026-01-04T00:00 2026-01-11T00:00")]
    [InlineData("@monthly", "2026-02-01T00:00 2026-03-01T00:00")]
    [InlineData("@yearly", "2027-01-01T00:00 2028-01-01T00:00")]
    [InlineData("@annually", "2027-01-01T00:00 2028-01-01T00:00")]
    public void An_expression_comes_when_it_says(string expression, string expected)
    {
        var runs = expected.Split(' ');

        Schedule
            .Upcoming(new Cadence.Cron(expression), DateTimeZone.Utc, Instant.FromUtc(2026, 1, 1, 0, 0), 5)
            .Take(runs.Length)
            .Select(run => run.ShouldBeOfType<NextRun.At>().Instant)
            .ShouldBe(runs.Select(run => InstantPattern.ExtendedIso.Parse($"{run}:00Z").Value));
    }

    [Theory]
    [InlineData("", "0 fields")]
    [InlineData("* * * *", "4 fields")]
    [InlineData("0 0 12 * * ?", "6 fields")]
    [InlineData("@daily *", "2 fields")]
    [InlineData("@reboot", "@reboot")]
    [InlineData("@", "\"@\"")]
    [InlineData("60 * * * *", "\"60\" is no minute")]
    [InlineData("* 24 * * *", "\"24\" is no hour")]
    [InlineData("* * 0 * *", "\"0\" is no day of month")]
    [InlineData("* * 32 * *", "\"32\" is no day of month")]
    [InlineData("* * L * *", "\"L\" is no day of month")]
    [InlineData("* * ? * 1", "\"?\" is no day of month")]
    [InlineData("* * * 13 *", "JAN to DEC")]
    [InlineData("* * * 0 *", "\"0\" is no month")]
    [InlineData("* * * * 8", "SUN to SAT")]
    [InlineData("* * * * MONDAY", "\"MONDAY\" is no day of week")]
    [InlineData("* * * * 1#2", "\"1#2\" is no day of week")]
    [InlineData("* * * * 7-2", "\"7-2\" is no day of week")]
    [InlineData("* * * JUN-FEB *", "\"JUN-FEB\" is no month")]
    [InlineData("30-10 * * * *", "\"30-10\" is no minute")]
    [InlineData("*/0 * * * *", "\"*/0\" is no minute")]
    [InlineData("*/ * * * *", "\"*/\" is no minute")]
    [InlineData("*/2/2 * * * *", "\"*/2/2\" is no minute")]
    [InlineData("/5 * * * *", "\"/5\" is no minute")]
    [InlineData("1-2-3 * * * *", "\"1-2-3\" is no minute")]
    [InlineData("1- * * * *", "\"1-\" is no minute")]
    [InlineData("-1 * * * *", "\"-1\" is no minute")]
    [InlineData("+1 * * * *", "\"+1\" is no minute")]
    [InlineData("1, * * * *", "\"\" is no minute")]
    [InlineData("*-5 * * * *", "\"*-5\" is no minute")]
    [InlineData("٣ * * * *", "is no minute")]
    [InlineData("99999999999999999999 * * * *", "is no minute")]
    [InlineData("*/99999999999999999999 * * * *", "is no minute")]
    public void A_mistake_in_an_expression_is_a_sentence_and_never_a_run(string expression, string part)
    {
        CronText.TryParse(expression, out _, out var reason).ShouldBeFalse();
        reason.ShouldNotBeNull().ShouldContain(part);
        reason.ShouldEndWith(".");
        Next(expression).ShouldBe(new NextRun.Never(reason));
    }

    [Fact]
    public void An_endless_expression_is_refused_by_its_length()
    {
        CronText.TryParse(new string('*', CronText.CharactersMax + 1), out _, out var reason).ShouldBeFalse();
        reason.ShouldNotBeNull().ShouldContain("256");
    }

    [Theory]
    [InlineData("0 0 31 2 *")]
    [InlineData("0 0 30 2 *")]
    [InlineData("0 0 30-31 FEB *")]
    [InlineData("* * 31 4,6,9,11 *")]
    [InlineData("0 0 31 2 */2")]
    public void Days_that_no_calendar_has_are_told(string expression) =>
        Next(expression).ShouldBeOfType<NextRun.Never>().Reason.ShouldContain("never comes");

    private static NextRun Next(string expression) =>
        Schedule.NextAfter(
            new Cadence.Cron(expression),
            DateTimeZone.Utc,
            Instant.FromUtc(2026, 1, 1, 0, 0),
            5
        );
}
