using System.Diagnostics;
using System.Globalization;

namespace ManaAi.Bench.Measuring;

/// <summary>Several measurements of one thing, in milliseconds where nothing else is said.</summary>
internal sealed class Sample
{
    private readonly List<double> _values = [];

    public double Median => Quantile(0.5);

    public double Quantile(double share) =>
        _values.Order().ElementAt((int)Math.Min(_values.Count - 1, share * _values.Count));

    public static async Task<Sample> OfAsync(int times, Func<Task> work)
    {
        var sample = new Sample();
        for (var turn = 0; turn < times; turn++)
        {
            await sample.AddAsync(work);
        }

        return sample;
    }

    public void Add(double value) => _values.Add(value);

    public async Task AddAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        _values.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    /// <summary>The median, and the range and number where there are several.</summary>
    public override string ToString() =>
        _values.Count == 1
            ? Text(Median)
            : $"{Text(Median)} ({Text(_values.Min())}–{Text(_values.Max())}, n={_values.Count})";

    private static string Text(double value) =>
        value.ToString(value < 100 ? "0.0" : "#,0", CultureInfo.InvariantCulture);
}
