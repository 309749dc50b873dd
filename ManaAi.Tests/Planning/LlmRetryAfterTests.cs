using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public sealed class LlmRetryAfterTests
{
    private static readonly DateTimeOffset _now = new(1994, 11, 6, 8, 49, 0, TimeSpan.FromHours(0));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("120", 120)]
    [InlineData("  7 ", 7)]
    [InlineData("007", 7)]
    [InlineData("86401", 86400)]
    [InlineData("99999999999999999999999999", 86400)]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", 37)]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT", 37)]
    [InlineData("Sun Nov  6 08:49:37 1994", 37)]
    [InlineData("Wed Nov 16 08:49:37 1994", 86400)]
    [InlineData("Mon, 07 Nov 1994 08:00:00 GMT", 83460)]
    [InlineData("Sat, 06 Nov 2049 08:49:37 GMT", 86400)]
    [InlineData("Sun, 06 Nov 1994 08:49:00 GMT", null)]
    [InlineData("Sat, 05 Nov 1994 08:49:37 GMT", null)]
    [InlineData("Mon, 06 Nov 1994 08:49:37 GMT", null)]
    [InlineData("Sun, 06 Nov 1994 25:49:37 GMT", null)]
    [InlineData("-5", null)]
    [InlineData("+5", null)]
    [InlineData("1.5", null)]
    [InlineData("5s", null)]
    [InlineData("0x10", null)]
    [InlineData("٣", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    [InlineData("   ", null)]
    [InlineData(null, null)]
    public void Each_legal_form_is_a_wait_and_nothing_else_is(string? header, int? seconds) =>
        RetryAfter.Parse(header, _now).ShouldBe(seconds is { } wait ? TimeSpan.FromSeconds(wait) : null);
}
