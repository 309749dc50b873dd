namespace ManaAi.Host.Internal;

/// <summary>
/// The numbers of one series. A short lock for all of them together, so that a histogram's buckets, sum and count
/// agree on the page whenever it is read.
/// </summary>
internal sealed class MetricSeries(double[] bounds)
{
    private readonly Lock _lock = new();
    private readonly long[] _buckets = new long[bounds.Length];
    private double _value;
    private long _count;

    public void Add(double value)
    {
        lock (_lock)
        {
            _value += value;
        }
    }

    public void Set(double value)
    {
        lock (_lock)
        {
            _value = value;
        }
    }

    public void Observe(double value)
    {
        var bucket = 0;
        while (bucket < bounds.Length && value > bounds[bucket])
        {
            bucket++;
        }

        lock (_lock)
        {
            _value += value;
            _count++;
            if (bucket < _buckets.Length)
            {
                _buckets[bucket]++;
            }
        }
    }

    public MetricSnapshot Read()
    {
        lock (_lock)
        {
            return new MetricSnapshot(_value, _count, [.. _buckets]);
        }
    }
}

/// <param name="Value">A counter's or gauge's value, or a histogram's sum.</param>
/// <param name="Buckets">How many fell into each bucket alone; what lies above the last bound is only in Count.</param>
internal sealed record MetricSnapshot(double Value, long Count, IReadOnlyList<long> Buckets);
