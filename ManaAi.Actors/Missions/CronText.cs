using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ManaAi.Actors.Missions;

/// <summary>Reads the text of a cron cadence: five fields, or a nickname as `@daily`.</summary>
/// <remarks>
/// The dialect is that of Vixie's cron: lists, ranges, steps, English names, 0 and 7 for Sunday. Two days
/// that are both restricted are OR-ed, and a field is unrestricted when its first character is a star, so
/// `*/2` counts as one and only narrows the other. docs/schedules.md has the whole of it.
/// </remarks>
internal static class CronText
{
    /// <summary>An expression needs no more; what is longer would only fill the log.</summary>
    public const int CharactersMax = 256;

    private static readonly Field Minute = new("minute", 0, 59, []);
    private static readonly Field Hour = new("hour", 0, 23, []);
    private static readonly Field DayOfMonth = new("day of month", 1, 31, []);

    private static readonly Field Month = new(
        "month",
        1,
        12,
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    );

    private static readonly Field DayOfWeek = new(
        "day of week",
        0,
        7,
        ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
    );

    /// <param name="text">The expression as it stands in the record.</param>
    /// <param name="pattern">What it says, when the answer is true.</param>
    /// <param name="reason">A sentence that says what is wrong with it, when the answer is false.</param>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out WallClockPattern? pattern,
        [NotNullWhen(false)] out string? reason
    )
    {
        (pattern, reason) = (null, null);
        if (text.Length > CharactersMax)
        {
            reason = $"The cron expression is longer than {CharactersMax} characters.";
            return false;
        }

        var fields = text.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries);
        if (fields is [['@', ..] nickname])
        {
            return TryNickname(nickname, out pattern, out reason);
        }

        if (fields.Length != 5)
        {
            reason =
                $"The cron expression has {fields.Length} fields; it takes five: minute, hour, day of month, month, "
                + "day of week.";
            return false;
        }

        return TryFields(fields, out pattern, out reason);
    }

    private static bool TryNickname(string nickname, out WallClockPattern? pattern, out string? reason)
    {
        var fields = nickname.ToUpperInvariant() switch
        {
            "@HOURLY" => "0 * * * *",
            "@DAILY" or "@MIDNIGHT" => "0 0 * * *",
            "@WEEKLY" => "0 0 * * 0",
            "@MONTHLY" => "0 0 1 * *",
            "@YEARLY" or "@ANNUALLY" => "0 0 1 1 *",
            _ => null,
        };
        if (fields is null)
        {
            pattern = null;
            reason =
                $"The cron nickname \"{nickname}\" is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly "
                + "and @annually.";
            return false;
        }

        return TryFields(fields.Split(' '), out pattern, out reason);
    }

    private static bool TryFields(string[] fields, out WallClockPattern? pattern, out string? reason)
    {
        pattern = null;
        if (
            !TryField(fields[0], Minute, out var minutes, out reason)
            || !TryField(fields[1], Hour, out var hours, out reason)
            || !TryField(fields[2], DayOfMonth, out var daysOfMonth, out reason)
            || !TryField(fields[3], Month, out var months, out reason)
            || !TryField(fields[4], DayOfWeek, out var daysOfWeek, out reason)
        )
        {
            return false;
        }

        pattern = new WallClockPattern
        {
            Minutes = minutes,
            Hours = hours,
            DaysOfMonth = daysOfMonth,
            Months = months,
            DaysOfWeek = (daysOfWeek | daysOfWeek >> 7) & WallClockPattern.Span(0, 6), // 7 is Sunday too.
            IsEitherDayEnough = fields[2][0] != '*' && fields[4][0] != '*',
        };
        return true;
    }

    private static bool TryField(string text, Field field, out ulong values, out string? reason)
    {
        values = 0;
        foreach (var item in text.Split(','))
        {
            if (field.Item(item) is not { } some)
            {
                reason =
                    $"\"{item}\" is no {field.Name} of a cron expression; there are {field.Low} to {field.High}"
                    + (field.Names is [var first, .., var last] ? $" and {first} to {last}" : "")
                    + ", *, lists (1,2), ranges that run forwards (1-5) and steps of 1 or more (*/2).";
                return false;
            }

            values |= some;
        }

        reason = null;
        return true;
    }

    private sealed record Field(string Name, int Low, int High, string[] Names)
    {
        // The second Sunday is a way to write, not a day of its own: an open end stops at Saturday.
        private int OpenEnd => Names is ["SUN", ..] ? 6 : High;

        public ulong? Item(string text)
        {
            var (span, stepText) = text.Split('/') switch
            {
                [var whole] => (whole, null),
                [var before, var after] => (before, after),
                _ => ("", null),
            };
            var step = stepText is null ? 1 : Number(stepText);
            return
                step >= 1 && Range(span, isOpen: stepText is not null) is var (first, last) && first <= last
                ? WallClockPattern.Span(first, last, step.Value)
                : null;
        }

        private (int First, int Last)? Range(string span, bool isOpen) =>
            span.Split('-') switch
            {
                ["*"] => (Low, OpenEnd),
                [var one] when Value(one) is { } value => (value, isOpen ? Math.Max(value, OpenEnd) : value),
                // FRI-SUN: a range that ends on Sunday means the Sunday after.
                [var from, var to] when (Value(from), Value(to)) is ({ } first, { } last) => OpenEnd < High
                && last == 0
                && first > 0
                    ? (first, High)
                    : (first, last),
                _ => null,
            };

        private int? Value(string text)
        {
            var name = Array.FindIndex(Names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
            var value = name >= 0 ? Low + name : Number(text);
            return value >= Low && value <= High ? value : null;
        }

        // Four digits are more than any field has, and fit into an int.
        private static int? Number(string text) =>
            text.Length is >= 1 and <= 4 && text.All(char.IsAsciiDigit)
                ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
                : null;
    }
}
