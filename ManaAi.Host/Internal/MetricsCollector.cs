using System.Diagnostics.Metrics;
using ManaAi.Actors;

namespace ManaAi.Host.Internal;

/// <summary>
/// Listens to one service's <see cref="Metrics"/> and keeps the sums that /metrics shows. Instruments stay as they
/// are: what the actors count does not depend on who listens.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly List<MetricFamily> _families = [];

    public MetricsCollector(Metrics metrics)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, metrics.Instruments.Meter))
            {
                var family = new MetricFamily(instrument, metrics.Instruments.LabelsOf(instrument));
                _families.Add(family);
                listener.EnableMeasurementEvents(instrument, family);
            }
        };
        _listener.SetMeasurementEventCallback<long>(
            (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags)
        );
        _listener.SetMeasurementEventCallback<double>(
            (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags)
        );

        // Metrics has made all its instruments by now, so they are all published in this call, and by this thread.
        _listener.Start();
        _families.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
    }

    /// <summary>Everything as it stands now; what is only looked at when somebody reads is looked at here.</summary>
    public IReadOnlyList<MetricFamily> Read()
    {
        _listener.RecordObservableInstruments();
        return _families;
    }

    public void Dispose() => _listener.Dispose();
}
