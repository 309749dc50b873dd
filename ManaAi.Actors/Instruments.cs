using System.Diagnostics.Metrics;

namespace ManaAi.Actors;

/// <summary>Makes the instruments of one service, and knows of each what the platform does not: its labels.</summary>
public sealed class Instruments : IDisposable
{
    public const string MeterName = "mana-ai";

    private readonly Meter _meter = new(MeterName);
    private readonly Dictionary<Instrument, InstrumentLabels> _labels = [];

    public Meter Meter => _meter;

    /// <param name="labels">In the order in which they are shown.</param>
    /// <param name="known">
    /// Sets of label values that there will be: their series stand at zero from the start, since the growth of a series
    /// that appears with its first count is not seen.
    /// </param>
    public Counter<long> Counter(
        string name,
        string help,
        string[]? labels = null,
        IReadOnlyList<string[]>? known = null
    ) => Labelled(_meter.CreateCounter<long>(name, unit: null, help), labels, known);

    public Gauge<T> Gauge<T>(string name, string help)
        where T : struct => Labelled(_meter.CreateGauge<T>(name, unit: null, help));

    /// <summary>A gauge that is asked when somebody reads.</summary>
    public void Observe(
        string name,
        string help,
        Func<IEnumerable<Measurement<double>>> read,
        params string[] labels
    ) => Labelled(_meter.CreateObservableGauge(name, read, unit: null, help), labels);

    public Histogram<double> Histogram(string name, string help, double[] bounds, string[]? labels = null)
    {
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds };
        return Labelled(_meter.CreateHistogram(name, unit: null, help, tags: null, advice), labels);
    }

    public InstrumentLabels LabelsOf(Instrument instrument) => _labels[instrument];

    public void Dispose() => _meter.Dispose();

    private TInstrument Labelled<TInstrument>(
        TInstrument instrument,
        string[]? labels = null,
        IReadOnlyList<string[]>? known = null
    )
        where TInstrument : Instrument
    {
        _labels.Add(instrument, new InstrumentLabels(labels ?? [], known ?? []));
        return instrument;
    }
}

/// <param name="Names">In the order in which they are shown.</param>
/// <param name="Known">The sets of values whose series are there from the start.</param>
public sealed record InstrumentLabels(
    IReadOnlyList<string> Names,
    IReadOnlyList<IReadOnlyList<string>> Known
);
