using System.Globalization;

namespace ManaAi.Tests.Missions;

/// <summary>Draws cron expressions: stars, steps, lists, ranges and names, in all fields.</summary>
internal static class RandomCron
{
    public static readonly string[] DayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    public static readonly string[] MonthNames =
    [
        "JAN",
        "FEB",
        "MAR",
        "APR",
        "MAY",
        "JUN",
        "JUL",
        "AUG",
        "SEP",
        "OCT",
        "NOV",
        "DEC",
    ];

    public static string Expression(Random random) =>
        string.Join(
            ' ',
            Field(random, 0, 59, starShare: 0.2, []),
            Field(random, 0, 23, starShare: 0.3, []),
            Field(random, 1, 31, starShare: 0.5, []),
            Field(random, 1, 12, starShare: 0.6, MonthNames),
            Field(random, 0, 7, starShare: 0.4, DayNames)
        );

    private static string Field(Random random, int low, int high, double starShare, string[] names) =>
        random.NextDouble() < starShare
            ? "*"
            : string.Join(
                ',',
                Enumerable.Range(0, random.Next(1, 4)).Select(_ => Item(random, low, high, names))
            );

    private static string Item(Random random, int low, int high, string[] names)
    {
        var first = random.Next(low, high + 1);
        var last = random.Next(first, high + 1);
        var step = random.Next(1, high + 2);
        return random.Next(6) switch
        {
            0 => $"*/{step}",
            1 => $"{Value(random, first, low, names)}-{Value(random, last, low, names)}",
            2 => $"{Value(random, first, low, names)}-{Value(random, last, low, names)}/{step}",
            3 => $"{Value(random, first, low, names)}/{step}",
            _ => Value(random, first, low, names),
        };
    }

    private static string Value(Random random, int value, int low, string[] names)
    {
        var name = value - low < names.Length && random.Next(2) == 0 ? names[value - low] : null;
        var shown = name is not null && random.Next(2) == 0 ? name.ToLowerInvariant() : name;
        return shown ?? value.ToString(random.Next(4) == 0 ? "00" : "0", CultureInfo.InvariantCulture);
    }
}
