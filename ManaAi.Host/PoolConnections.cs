using System.Diagnostics.Metrics;
using ManaAi.Actors;
using ManaAi.Actors.Runs;

namespace ManaAi.Host;

/// <summary>How many connections this node has: Npgsql tells it by instruments of its own, under the pool's name.</summary>
internal sealed class PoolConnections : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly string _pool;
    private readonly Lock _lock = new();
    private ConnectionCounts _counts = new(0, 0, 0);

    public PoolConnections(NodeId node)
    {
        _pool = node.Value;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (
                instrument is
                { Meter.Name: "Npgsql", Name: "db.client.connection.count" or "db.client.connection.max" }
            )
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>(
            (instrument, value, tags, _) => Take(instrument, value, tags)
        );
        _listener.Start();
    }

    public ConnectionCounts Read()
    {
        lock (_lock)
        {
            _counts = new ConnectionCounts(0, 0, 0);
            _listener.RecordObservableInstruments();
            return _counts;
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, int value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!Equals(Find(tags, "db.client.connection.pool.name"), _pool))
        {
            return;
        }

        _counts = (instrument.Name, Find(tags, "db.client.connection.state")) switch
        {
            // Two pools, of which one is used for nearly everything: see SyncDatabase.
            ("db.client.connection.max", _) => _counts with { Max = Math.Max(_counts.Max, value) },
            (_, "used") => _counts with { Used = _counts.Used + value },
            (_, "idle") => _counts with { Idle = _counts.Idle + value },
            _ => _counts,
        };
    }

    private static object? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var tag in tags)
        {
            if (string.Equals(tag.Key, name, StringComparison.Ordinal))
            {
                return tag.Value;
            }
        }

        return null;
    }
}
