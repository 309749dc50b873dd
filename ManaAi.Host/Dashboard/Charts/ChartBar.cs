namespace ManaAi.Host.Dashboard.Charts;

/// <param name="Key">Its class: the style gives it its colour.</param>
public sealed record ChartSeries(string Key, string Name);

/// <param name="Label">What stands under it.</param>
/// <param name="Values">One for each series, from the bottom up.</param>
public sealed record ChartBar(string Label, IReadOnlyList<long> Values)
{
    public long Sum => Values.Sum();

    /// <summary>Where it leads; null: nowhere.</summary>
    public string? Href { get; init; }
}

/// <summary>Where the bars of a chart stand, in the units of its picture. Pure.</summary>
public static class ChartScale
{
    /// <summary>The least of 1, 2, 5 times a power of ten that holds the greatest value: people read scales by those.</summary>
    public static long Top(IEnumerable<long> sums)
    {
        var greatest = Math.Max(1, sums.DefaultIfEmpty(0).Max());
        var power = 1L;
        while (power * 10 <= greatest)
        {
            power *= 10;
        }

        long[] steps = [1, 2, 5, 10];
        return steps.First(step => step * power >= greatest) * power;
    }
}
