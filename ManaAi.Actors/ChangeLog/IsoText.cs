using System.Globalization;

namespace ManaAi.Actors.ChangeLog;

/// <summary>Instants as text on the wire, and back.</summary>
public static class IsoText
{
    /// <summary>As devices stamp: YYYY-MM-DDTHH:MM:SS.mmmZ, cut to milliseconds.</summary>
    public static string Milliseconds(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>As ids are derived: with the microseconds that PostgreSQL keeps.</summary>
    public static string Microseconds(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads YYYY-MM-DDTHH:MM[:SS[.digits]] with Z or ±HH:MM, cut to microseconds; nothing else (PROTOCOL 3).
    /// </summary>
    /// <returns>null where the text is not such an instant, or lies outside the years 1 to 9999.</returns>
    public static DateTimeOffset? Parse(string text)
    {
        var at = 0;
        if (
            Digits(text, ref at, 4) is not { } year
            || !Take(text, ref at, '-')
            || Digits(text, ref at, 2) is not { } month
            || !Take(text, ref at, '-')
            || Digits(text, ref at, 2) is not { } day
            || !Take(text, ref at, 'T')
            || Digits(text, ref at, 2) is not { } hour
            || !Take(text, ref at, ':')
            || Digits(text, ref at, 2) is not { } minute
        )
        {
            return null;
        }

        var second = 0;
        var microseconds = 0L;
        if (Take(text, ref at, ':'))
        {
            if (Digits(text, ref at, 2) is not { } seconds)
            {
                return null;
            }

            second = seconds;
            if (Take(text, ref at, '.') && !Fraction(text, ref at, out microseconds))
            {
                return null;
            }
        }

        return Offset(text, ref at) is { } offset && at == text.Length
            ? Instant(year, month, day, (hour, minute, second), microseconds, offset)
            : null;
    }

    private static DateTimeOffset? Instant(
        int year,
        int month,
        int day,
        (int Hour, int Minute, int Second) time,
        long microseconds,
        TimeSpan offset
    )
    {
        if (
            year < 1
            || month is < 1 or > 12
            || day < 1
            || day > DateTime.DaysInMonth(year, month)
            || time.Hour > 23
            || time.Minute > 59
            || time.Second > 59
        )
        {
            return null;
        }

        var local = new DateTime(year, month, day, time.Hour, time.Minute, time.Second, DateTimeKind.Utc);
        var ticks = local.Ticks + (microseconds * TimeSpan.TicksPerMicrosecond) - offset.Ticks;
        // Npgsql takes the least and the greatest instant for the infinities, so both are out.
        return ticks > DateTime.MinValue.Ticks && ticks < DateTime.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : null;
    }

    private static TimeSpan? Offset(string text, ref int at)
    {
        if (Take(text, ref at, 'Z'))
        {
            return TimeSpan.Zero;
        }

        var isWest = at < text.Length && text[at] == '-';
        if (!Take(text, ref at, '-') && !Take(text, ref at, '+'))
        {
            return null;
        }

        if (
            Digits(text, ref at, 2) is not ({ } hours and <= 23)
            || !Take(text, ref at, ':')
            || Digits(text, ref at, 2) is not ({ } minutes and <= 59)
        )
        {
            return null;
        }

        var offset = new TimeSpan(hours, minutes, 0);
        return isWest ? -offset : offset;
    }

    private static bool Fraction(string text, ref int at, out long microseconds)
    {
        microseconds = 0;
        var start = at;
        var unit = 100_000L;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++, unit /= 10)
        {
            microseconds += (text[at] - '0') * unit;
        }

        return at > start;
    }

    private static int? Digits(string text, ref int at, int count)
    {
        if (at + count > text.Length)
        {
            return null;
        }

        var value = 0;
        for (var end = at + count; at < end; at++)
        {
            if (!char.IsAsciiDigit(text[at]))
            {
                return null;
            }

            value = (value * 10) + (text[at] - '0');
        }

        return value;
    }

    private static bool Take(string text, ref int at, char expected)
    {
        if (at >= text.Length || text[at] != expected)
        {
            return false;
        }

        at++;
        return true;
    }
}
