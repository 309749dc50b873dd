using System.Text.Json;
using ManaAi.Actors.Missions;

namespace ManaAi.Tests.Missions;

public class CadenceJsonTests
{
    public static TheoryData<string, Cadence> Readable =>
        new()
        {
            { """{"kind":"manual"}""", new Cadence.Manual() },
            { """{"kind":"manual","everyMinutes":"x"}""", new Cadence.Manual() },
            { """{"kind":"interval","everyMinutes":30}""", new Cadence.Interval(30) },
            { """{"kind":"interval","everyMinutes":30.0}""", new Cadence.Interval(30) },
            { """{"kind":"interval","everyMinutes":7.2}""", new Cadence.Interval(8) },
            { """{"kind":"interval","everyMinutes":0.5}""", new Cadence.Interval(1) },
            { """{"kind":"interval","everyMinutes":0}""", new Cadence.Interval(0) },
            { """{"kind":"interval","everyMinutes":-3}""", new Cadence.Interval(0) },
            {
                """{"kind":"interval","everyMinutes":1e18}""",
                new Cadence.Interval(CadenceJson.IntervalMinutesMax)
            },
            {
                """{"kind":"interval","everyMinutes":1e400}""",
                new Cadence.Interval(CadenceJson.IntervalMinutesMax)
            },
            { """{"kind":"daily","atHour":0,"atMinute":0}""", new Cadence.Daily(0, 0) },
            { """{"kind":"daily","atHour":23,"atMinute":59.0}""", new Cadence.Daily(23, 59) },
            { """{"kind":"weekly","dayOfWeek":0,"atHour":9}""", new Cadence.Weekly(0, 9, 0) },
            {
                """{"kind":"weekly","dayOfWeek":6,"atHour":23,"atMinute":15}""",
                new Cadence.Weekly(6, 23, 15)
            },
            {
                """{"kind":"weekly","dayOfWeek":6,"atHour":23,"atMinute":null}""",
                new Cadence.Weekly(6, 23, 0)
            },
            { """{"kind":"cron","expression":"@daily"}""", new Cadence.Cron("@daily") },
            { """{"kind":"cron","expression":" 0  9 * * 1-5 "}""", new Cadence.Cron(" 0  9 * * 1-5 ") },
            { """{"kind":"cron","expression":"0 0 31 2 *"}""", new Cadence.Cron("0 0 31 2 *") },
        };

    [Theory]
    [MemberData(nameof(Readable))]
    public void What_a_device_writes_is_read(string json, Cadence expected) => Parse(json).ShouldBe(expected);

    [Theory]
    [InlineData("null", "no cadence")]
    [InlineData("\"daily\"", "JSON string and no object")]
    [InlineData("[]", "JSON array and no object")]
    [InlineData("7", "JSON number and no object")]
    [InlineData("{}", "no kind")]
    [InlineData("""{"kind":null}""", "no kind")]
    [InlineData("""{"kind":3}""", "no kind")]
    [InlineData("""{"kind":"Daily","atHour":1,"atMinute":1}""", "none of manual, interval")]
    [InlineData("""{"kind":"hourly"}""", "none of manual, interval")]
    [InlineData("""{"kind":"interval"}""", "everyMinutes")]
    [InlineData("""{"kind":"interval","everyMinutes":"30"}""", "everyMinutes")]
    [InlineData("""{"kind":"interval","everyMinutes":null}""", "everyMinutes")]
    [InlineData("""{"kind":"daily","atMinute":0}""", "atHour")]
    [InlineData("""{"kind":"daily","atHour":9}""", "atMinute")]
    [InlineData("""{"kind":"daily","atHour":24,"atMinute":0}""", "atHour")]
    [InlineData("""{"kind":"daily","atHour":-1,"atMinute":0}""", "atHour")]
    [InlineData("""{"kind":"daily","atHour":9.5,"atMinute":0}""", "atHour")]
    [InlineData("""{"kind":"daily","atHour":1e400,"atMinute":0}""", "atHour")]
    [InlineData("""{"kind":"daily","atHour":9,"atMinute":60}""", "atMinute")]
    [InlineData("""{"kind":"weekly","atHour":9}""", "dayOfWeek")]
    [InlineData("""{"kind":"weekly","dayOfWeek":7,"atHour":9}""", "dayOfWeek")]
    [InlineData("""{"kind":"weekly","dayOfWeek":1}""", "atHour")]
    [InlineData("""{"kind":"weekly","dayOfWeek":1,"atHour":9,"atMinute":"0"}""", "atMinute")]
    [InlineData("""{"kind":"cron"}""", "expression")]
    [InlineData("""{"kind":"cron","expression":5}""", "expression")]
    [InlineData("""{"kind":"cron","expression":""}""", "0 fields")]
    [InlineData("""{"kind":"cron","expression":"61 * * * *"}""", "\"61\" is no minute")]
    [InlineData("""{"kind":"\ud800"}""", "Unicode")]
    [InlineData("""{"\ud8ff":1,"kind":"cron","expression":"\udc00 * * * *"}""", "Unicode")]
    public void What_cannot_be_read_says_why(string json, string part) =>
        Parse(json).ShouldBeOfType<Cadence.Unreadable>().Reason.ShouldContain(part);

    [Fact]
    public void A_mission_without_a_cadence_has_an_unreadable_one()
    {
        CadenceJson.Parse(null).ShouldBeOfType<Cadence.Unreadable>();
        CadenceJson.Parse(default(JsonElement)).ShouldBeOfType<Cadence.Unreadable>();
    }

    private static Cadence Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return CadenceJson.Parse(document.RootElement);
    }
}
