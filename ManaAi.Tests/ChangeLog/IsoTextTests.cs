using System.Globalization;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Tests.ChangeLog;

public class IsoTextTests
{
    [Theory]
    [InlineData("2026-04-15T09:00Z", "2026-04-15T09:00:00.000000Z")]
    [InlineData("2026-04-15T09:00:00Z", "2026-04-15T09:00:00.000000Z")]
    [InlineData("2026-04-15T09:00:59Z", "2026-04-15T09:00:59.000000Z")]
    [InlineData("2026-04-15T09:00:00.0Z", "2026-04-15T09:00:00.000000Z")]
    [InlineData("2026-04-15T09:00:00.1Z", "2026-04-15T09:00:00.100000Z")]
    [InlineData("2026-04-15T09:00:00.12Z", "2026-04-15T09:00:00.120000Z")]
    [InlineData("2026-04-15T09:00:00.123Z", "2026-04-15T09:00:00.123000Z")]
    [InlineData("2026-04-15T09:00:00.123456Z", "2026-04-15T09:00:00.123456Z")]
    [InlineData("2026-04-15T09:00:00.1234567Z", "2026-04-15T09:00:00.123456Z")]
    [InlineData("2026-04-15T09:00:00.9999999Z", "2026-04-15T09:00:00.999999Z")]
    [InlineData("2026-04-15T09:00:00.12345699999999999999999999999999Z", "2026-04-15T09:00:00.123456Z")]
    [InlineData("2026-04-15T09:00:00.000000999Z", "2026-04-15T09:00:00.000000Z")]
    [InlineData("2026-04-15T09:00+00:00", "2026-04-15T09:00:00.000000Z")]
    [InlineData("2026-04-15T09:00-00:00", "2026-04-15T09:00:00.000000Z")]
    [InlineData("2026-04-15T09:00:00+02:00", "2026-04-15T07:00:00.000000Z")]
    [InlineData("2026-04-15T09:00:00-05:30", "2026-04-15T14:30:00.000000Z")]
    [InlineData("2026-04-15T09:00:00.5+05:45", "2026-04-15T03:15:00.500000Z")]
    [InlineData("2026-04-15T09:00:00+14:00", "2026-04-14T19:00:00.000000Z")]
    [InlineData("2026-04-15T09:00:00-23:59", "2026-04-16T08:59:00.000000Z")]
    [InlineData("2026-04-15T09:00:00+23:59", "2026-04-14T09:01:00.000000Z")]
    [InlineData("2026-12-31T23:59:59.999999Z", "2026-12-31T23:59:59.999999Z")]
    [InlineData("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000000Z")]
    [InlineData("2024-02-29T00:00Z", "2024-02-29T00:00:00.000000Z")]
    [InlineData("2000-02-29T00:00Z", "2000-02-29T00:00:00.000000Z")]
    [InlineData("0001-01-01T00:00:00.000001Z", "0001-01-01T00:00:00.000001Z")]
    [InlineData("0001-01-02T00:00:00+23:59", "0001-01-01T00:01:00.000000Z")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    [InlineData("9999-12-31T23:59:59.99999999Z", "9999-12-31T23:59:59.999999Z")]
    [InlineData("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999000Z")]
    public void What_devices_and_PostgreSQL_can_mean_is_read_and_cut_to_microseconds(
        string text,
        string expected
    )
    {
        var instant = IsoText.Parse(text).ShouldNotBeNull();

        IsoText.Microseconds(instant).ShouldBe(expected);
        instant.Offset.ShouldBe(TimeSpan.Zero);
        (instant.Ticks % TimeSpan.TicksPerMicrosecond).ShouldBe(0);
        IsoText.Parse(expected).ShouldBe(instant);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Z")]
    [InlineData("now")]
    [InlineData("2026")]
    [InlineData("2026-04-15")]
    [InlineData("2026-04-15T")]
    [InlineData("2026-04-15T09")]
    [InlineData("2026-04-15T09Z")]
    [InlineData("2026-04-15T09:00")]
    [InlineData("2026-04-15T09:00:00")]
    [InlineData("2026-04-15T09:00:00.000")]
    [InlineData("2026-04-15T09:00:Z")]
    [InlineData("2026-04-15T09:00:0Z")]
    [InlineData("2026-04-15T09:00:00.Z")]
    [InlineData("2026-04-15T09:00:00,5Z")]
    [InlineData("2026-04-15T09:00.5Z")]
    [InlineData("2026-04-15t09:00Z")]
    [InlineData("2026-04-15T09:00z")]
    [InlineData("2026-04-15 09:00Z")]
    [InlineData(" 2026-04-15T09:00Z")]
    [InlineData("2026-04-15T09:00Z ")]
    [InlineData("2026-04-15T09:00 Z")]
    [InlineData("2026-04-15T09:00Z\n")]
    [InlineData("2026-04-15T09:00ZZ")]
    [InlineData("2026-04-15T09:00:00+02")]
    [InlineData("2026-04-15T09:00:00+0200")]
    [InlineData("2026-04-15T09:00:00+2:00")]
    [InlineData("2026-04-15T09:00:00+02:0")]
    [InlineData("2026-04-15T09:00:00+02:00Z")]
    [InlineData("2026-04-15T09:00:00+24:00")]
    [InlineData("2026-04-15T09:00:00+02:60")]
    [InlineData("2026-04-15T09:00:00\u221202:00")]
    [InlineData("2026-04-15T09:00:00+02:00:00")]
    [InlineData("2026-04-15T24:00:00Z")]
    [InlineData("2026-04-15T23:60:00Z")]
    [InlineData("2026-04-15T23:59:60Z")]
    [InlineData("2026-06-30T23:59:60Z")]
    [InlineData("2026-00-15T09:00Z")]
    [InlineData("2026-13-15T09:00Z")]
    [InlineData("2026-04-00T09:00Z")]
    [InlineData("2026-04-31T09:00Z")]
    [InlineData("2026-02-29T09:00Z")]
    [InlineData("1900-02-29T09:00Z")]
    [InlineData("2026-4-15T09:00Z")]
    [InlineData("26-04-15T09:00Z")]
    [InlineData("+002026-04-15T09:00Z")]
    [InlineData("-2026-04-15T09:00Z")]
    [InlineData("10000-01-01T00:00Z")]
    [InlineData("20260415T0900Z")]
    [InlineData("2026-W16-3T09:00Z")]
    [InlineData("0000-01-01T00:00Z")]
    [InlineData("0001-01-01T00:00Z")] // PostgreSQL's -infinity, to the driver.
    [InlineData("0001-01-01T00:00:00+00:01")]
    [InlineData("9999-12-31T23:59:59-00:01")]
    [InlineData("infinity")]
    [InlineData("1776243600000")]
    [InlineData("Wed, 15 Apr 2026 09:00:00 GMT")]
    [InlineData("２０２６-04-15T09:00Z")] // Digits, but not those.
    public void Anything_else_is_no_instant(string text) => IsoText.Parse(text).ShouldBeNull();

    [Theory]
    [InlineData(
        "2026-04-15T09:00:00.9999999+02:00",
        "2026-04-15T07:00:00.999Z",
        "2026-04-15T07:00:00.999999Z"
    )]
    [InlineData("2026-04-15T09:00:00.0000009Z", "2026-04-15T09:00:00.000Z", "2026-04-15T09:00:00.000000Z")]
    [InlineData("0999-01-01T00:00:00Z", "0999-01-01T00:00:00.000Z", "0999-01-01T00:00:00.000000Z")]
    public void Stamps_are_cut_and_never_rounded(string instant, string milliseconds, string microseconds)
    {
        var value = DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);

        IsoText.Milliseconds(value).ShouldBe(milliseconds);
        IsoText.Microseconds(value).ShouldBe(microseconds);
    }
}
