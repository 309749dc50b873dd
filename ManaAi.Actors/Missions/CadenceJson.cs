using System.Text.Json;

namespace ManaAi.Actors.Missions;

/// <summary>Reads the cadence of a mission's record: whatever stands there, the answer is a cadence.</summary>
public static class CadenceJson
{
    /// <summary>A hundred years. What is longer is taken as that, so that adding it to a date never overflows.</summary>
    public const long IntervalMinutesMax = 100L * 366 * 24 * 60;

    public static Cadence Parse(JsonElement? json)
    {
        try
        {
            return json switch
            {
                null or { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => Unreadable(
                    "The mission has no cadence."
                ),
                { ValueKind: JsonValueKind.Object } cadence => ParseKind(cadence),
                { ValueKind: var kind } => Unreadable(
                    $"The cadence is a JSON {kind.ToString().ToLowerInvariant()} and no object."
                ),
            };
        }
        catch (InvalidOperationException) // How the reader says that an escaped text is half of a surrogate pair.
        {
            return Unreadable("The cadence holds a text that is no valid Unicode.");
        }
    }

    private static Cadence ParseKind(JsonElement cadence) =>
        Text(cadence, "kind") switch
        {
            "manual" => new Cadence.Manual(),
            "interval" => ParseInterval(cadence),
            "daily" => ParseDaily(cadence),
            "weekly" => ParseWeekly(cadence),
            "cron" => ParseCron(cadence),
            null => Unreadable("The cadence has no kind."),
            _ => Unreadable("The cadence's kind is none of manual, interval, daily, weekly and cron."),
        };

    private static Cadence ParseInterval(JsonElement cadence)
    {
        if (Number(cadence, "everyMinutes") is not { } minutes)
        {
            return Unreadable("An interval needs everyMinutes, a number.");
        }

        // Rounded up: a run may come half a minute later than asked, and is never paid for more often.
        // Nothing and less than nothing are below any floor, and the floor is not known here.
        return new Cadence.Interval((long)Math.Clamp(Math.Ceiling(minutes), 0, IntervalMinutesMax));
    }

    private static Cadence ParseDaily(JsonElement cadence) =>
        (Whole(cadence, "atHour", 23), Whole(cadence, "atMinute", 59)) switch
        {
            (null, _) => Unreadable("A daily cadence needs atHour, a whole number from 0 to 23."),
            (_, null) => Unreadable("A daily cadence needs atMinute, a whole number from 0 to 59."),
            ({ } hour, { } minute) => new Cadence.Daily(hour, minute),
        };

    // Devices write no minute here; one that stands there counts.
    private static Cadence ParseWeekly(JsonElement cadence)
    {
        var minute = IsMissing(cadence, "atMinute") ? 0 : Whole(cadence, "atMinute", 59);
        return (Whole(cadence, "dayOfWeek", 6), Whole(cadence, "atHour", 23), minute) switch
        {
            (null, _, _) => Unreadable(
                "A weekly cadence needs dayOfWeek, a whole number from 0 (Sunday) to 6."
            ),
            (_, null, _) => Unreadable("A weekly cadence needs atHour, a whole number from 0 to 23."),
            (_, _, null) => Unreadable("A weekly cadence's atMinute must be a whole number from 0 to 59."),
            ({ } day, { } hour, { } some) => new Cadence.Weekly(day, hour, some),
        };
    }

    private static Cadence ParseCron(JsonElement cadence)
    {
        if (Text(cadence, "expression") is not { } expression)
        {
            return Unreadable("A cron cadence needs expression, a text.");
        }

        return CronText.TryParse(expression, out _, out var reason)
            ? new Cadence.Cron(expression)
            : Unreadable(reason);
    }

    private static Cadence.Unreadable Unreadable(string reason) => new(reason);

    private static bool IsMissing(JsonElement cadence, string name) =>
        !cadence.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null;

    private static string? Text(JsonElement cadence, string name) =>
        cadence.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static double? Number(JsonElement cadence, string name) =>
        cadence.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out var number)
            ? number
            : null;

    // 9.0 is a nine: jsonb keeps the zero.
    private static int? Whole(JsonElement cadence, string name, int max) =>
        Number(cadence, name) is { } number && number >= 0 && number <= max && double.IsInteger(number)
            ? (int)number
            : null;
}
