using System.Globalization;

namespace ManaAi.Actors.Planning;

/// <summary>Reads the header Retry-After: seconds, or a date in one of HTTP's three forms (RFC 9110, 5.6.7).</summary>
public static class RetryAfter
{
    /// <summary>
    /// A server that says "next year" must not park a model for good: after a day somebody asks again.
    /// </summary>
    public static readonly TimeSpan Max = TimeSpan.FromHours(24);

    private static readonly string[] _dates =
    [
        "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        "dddd, dd'-'MMM'-'yy HH:mm:ss 'GMT'",
        "ddd MMM d HH:mm:ss yyyy",
    ];

    /// <summary>The wait that is asked for, or null where the header is missing, garbage or already over.</summary>
    public static TimeSpan? Parse(string? header, DateTimeOffset now)
    {
        var text = header?.Trim() ?? "";
        if (text.Length > 0 && text.All(char.IsAsciiDigit))
        {
            // More digits than a long holds are a very long wait, not garbage.
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromSeconds(Math.Min(seconds, (long)Max.TotalSeconds))
                : Max;
        }

        return ParseDate(text) is { } until && until > now ? Least(until - now, Max) : null;
    }

    private static DateTimeOffset? ParseDate(string text) =>
        DateTimeOffset.TryParseExact(
            text,
            _dates,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AllowInnerWhite | DateTimeStyles.AssumeUniversal,
            out var date
        )
            ? date
            : null;

    private static TimeSpan Least(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
