using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using ManaAi.Actors;

namespace ManaAi.Host.Internal;

internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>One metric name with all its series, one series for each set of label values that was seen.</summary>
internal sealed class MetricFamily
{
    /// <summary>
    /// Enough for every route, tool and agent of a busy node. Beyond it, new label values are counted under
    /// <see cref="Metrics.Other"/>: the sum stays right, and memory and page stay bounded.
    /// </summary>
    public const int SeriesMax = 500;

    private readonly ConcurrentDictionary<LabelValues, MetricSeries> _series = new();
    private readonly double[] _bounds;

    public MetricFamily(Instrument instrument, InstrumentLabels labels)
    {
        Debug.Assert(
            labels.Names.Count <= LabelValues.Max,
            "A metric with more labels needs a wider LabelValues."
        );
        Name = instrument.Name;
        Help = instrument.Description ?? "";
        Labels = labels.Names;
        Kind = KindOf(instrument);
        _bounds = [.. (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? []];

        // What has no labels is there before anything happened: a rate over a series that appears late is wrong.
        if (Labels.Count == 0)
        {
            _series.TryAdd(default, new MetricSeries(_bounds));
        }

        foreach (var values in labels.Known)
        {
            _series.TryAdd(LabelValues.Of(values), new MetricSeries(_bounds));
        }
    }

    public string Name { get; }

    public string Help { get; }

    public MetricKind Kind { get; }

    public IReadOnlyList<string> Labels { get; }

    public IReadOnlyList<double> Bounds => _bounds;

    public IEnumerable<KeyValuePair<LabelValues, MetricSeries>> Series => _series;

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = SeriesOf(ValuesOf(tags));
        switch (Kind)
        {
            case MetricKind.Counter:
                series.Add(value);
                break;
            case MetricKind.Gauge:
                series.Set(value);
                break;
            case MetricKind.Histogram:
                series.Observe(value);
                break;
        }
    }

    private MetricSeries SeriesOf(LabelValues values)
    {
        if (_series.TryGetValue(values, out var known))
        {
            return known;
        }

        // Two threads may both pass the bound at its edge: it is a bound on memory, and one more does no harm.
        var key = _series.Count < SeriesMax ? values : LabelValues.AllOther(Labels.Count);
        return _series.GetOrAdd(key, static (_, bounds) => new MetricSeries(bounds), _bounds);
    }

    private static MetricKind KindOf(Instrument instrument) =>
        instrument switch
        {
            Counter<long> => MetricKind.Counter,
            Gauge<long> or Gauge<double> or ObservableGauge<double> => MetricKind.Gauge,
            Histogram<double> => MetricKind.Histogram,
            _ => throw new NotSupportedException($"{instrument.Name} is a {instrument.GetType().Name}"),
        };

    private LabelValues ValuesOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var values = default(LabelValues);
        for (var index = 0; index < Labels.Count; index++)
        {
            values = values.With(index, ValueOf(Labels[index], tags));
        }

        return values;
    }

    private static string ValueOf(string label, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
        {
            if (string.Equals(tag.Key, label, StringComparison.Ordinal))
            {
                return tag.Value as string ?? Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "";
            }
        }

        return "";
    }
}

/// <summary>The values of up to three labels; a struct, so that looking a series up allocates nothing.</summary>
internal readonly record struct LabelValues(string? First, string? Second, string? Third)
{
    public const int Max = 3;

    public string? this[int index] =>
        index switch
        {
            0 => First,
            1 => Second,
            2 => Third,
            _ => throw new ArgumentOutOfRangeException(nameof(index)),
        };

    public static LabelValues Of(IReadOnlyList<string> values) =>
        new(values.ElementAtOrDefault(0), values.ElementAtOrDefault(1), values.ElementAtOrDefault(2));

    public static LabelValues AllOther(int count) => Of([.. Enumerable.Repeat(Metrics.Other, count)]);

    public LabelValues With(int index, string value) =>
        index switch
        {
            0 => this with { First = value },
            1 => this with { Second = value },
            2 => this with { Third = value },
            _ => throw new ArgumentOutOfRangeException(nameof(index)),
        };
}
