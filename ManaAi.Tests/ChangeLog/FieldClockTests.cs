using System.Text;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Tests.ChangeLog;

public class FieldClockTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("2026-04-15T09:00:00.000Z", "")]
    [InlineData("2026-04-15T09:00:00.000Z", "2026-04-15T09:00:00.000Z")]
    [InlineData("2026-04-15T09:00:00Z", "2026-04-15T09:00:00.999Z")]
    [InlineData("2026-04-15T09:00:00.123Z", "2026-04-15T09:00:00.123456Z")]
    [InlineData("2026-04-15T10:00:00.000Z", "2026-04-15T10:00:00.000-12:00")]
    [InlineData("2026-04-15T11:00:00.000+02:00", "2026-04-15T10:00:00.000Z")]
    [InlineData("2026-04-15T09:00:00.000Z", "2026-04-15 23:00:00.000Z")]
    [InlineData("2026-04-15t00:00:00.000z", "2026-04-15T23:00:00.000Z")]
    [InlineData("zzz", "9999-12-31T23:59:59.999Z")]
    [InlineData("a", "B")] // A culture would put a before B.
    [InlineData("\uFFFF", "😀")] // Code points would put the pair last.
    public void The_greater_text_wins_by_UTF_16_code_units_and_a_tie_goes_to_the_later_row(
        string winner,
        string loser
    )
    {
        FieldClock.Wins(winner, loser).ShouldBeTrue();
        FieldClock.Wins(loser, winner).ShouldBe(string.Equals(winner, loser, StringComparison.Ordinal));
        FieldClock.Later(winner, loser).ShouldBe(winner);
        FieldClock.Later(loser, winner).ShouldBe(winner);
    }

    [Theory]
    [InlineData("\"2026\"", "2026")]
    [InlineData("\"\"", "")]
    [InlineData("null", "")]
    [InlineData("""{"at":"2026","actor":{"at":"1999"},"origin":"user"}""", "2026")]
    [InlineData("""{"actor":{"at":"1999"},"deep":[[{"at":"x"}]],"at":"2026"}""", "2026")]
    [InlineData("""{"at":"1999","at":"2026"}""", "2026")]
    [InlineData("""{"\u0061t":"2026"}""", "2026")]
    [InlineData("{}", "")]
    [InlineData("""{"At":"2026"}""", "")]
    [InlineData("""{"at":null}""", "")]
    [InlineData("""{"at":7}""", "")]
    [InlineData("""{"at":{"at":"2026"}}""", "")]
    [InlineData("""{"at":["2026"],"b":1}""", "")]
    [InlineData("7", null)]
    [InlineData("true", null)]
    [InlineData("[\"2026\"]", null)]
    public void A_stamp_is_a_text_or_an_object_with_one(string json, string? expected)
    {
        // In an array, to see that the reader stands on the stamp's end afterwards.
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes($"[{json},\"next\"]"));
        reader.Read();
        reader.Read();

        FieldClock.Read(ref reader).ShouldBe(expected);

        if (expected is not null)
        {
            reader.Read();
            reader.GetString().ShouldBe("next");
        }
    }
}
