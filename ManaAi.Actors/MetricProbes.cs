using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace ManaAi.Actors;

/// <summary>
/// What is looked at when somebody reads the metrics: it goes on telling the truth where the one who would have to say
/// it hangs.
/// </summary>
public sealed class MetricProbes
{
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Func<int>> _mailboxes = new(StringComparer.Ordinal);
    private volatile Func<ConnectionCounts>? _connections;
    private volatile CursorSight _cursor;

    public MetricProbes(Instruments make, TimeProvider time)
    {
        _time = time;
        _cursor = new CursorSight(TimeSpan.Zero, time.GetTimestamp());
        var startedAt = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        make.Observe(
            "mana_ai_start_time_seconds",
            "When this node started, in seconds since 1970.",
            () => [new Measurement<double>(startedAt)]
        );
        make.Observe(
            "mana_ai_cursor_lag_seconds",
            "How long ago some node last read all of the change log, as far as this one knows.",
            () => [new Measurement<double>(CursorLag.TotalSeconds)]
        );
        make.Observe(
            "mana_ai_mailbox_depth",
            "Messages that wait for an actor.",
            () => _mailboxes.Select(one => Reading(one.Value(), "actor", one.Key)),
            "actor"
        );
        make.Observe(
            "mana_ai_database_connections",
            "Connections of this node to PostgreSQL.",
            () =>
                _connections?.Invoke() is { } counts
                    ? [Reading(counts.Used, "state", "used"), Reading(counts.Idle, "state", "idle")]
                    : [],
            "state"
        );
        make.Observe(
            "mana_ai_database_connections_max",
            "Connections that this node may have at once.",
            () => _connections?.Invoke() is { } counts ? [new Measurement<double>(counts.Max)] : []
        );
    }

    /// <summary>The last that was seen, and the time since: a node that sees nothing any more falls behind.</summary>
    public TimeSpan CursorLag => _cursor.Lag + _time.GetElapsedTime(_cursor.SeenAt);

    public void CursorSeen(TimeSpan lag) => _cursor = new CursorSight(lag, _time.GetTimestamp());

    public void WatchMailbox(string actor, Func<int> depth) => _mailboxes[actor] = depth;

    public void WatchConnections(Func<ConnectionCounts> read) => _connections = read;

    private static Measurement<double> Reading(double value, string label, string labelValue) =>
        new(value, new KeyValuePair<string, object?>(label, labelValue));

    private sealed record CursorSight(TimeSpan Lag, long SeenAt);
}

/// <summary>The pool of connections to the database, at one moment.</summary>
public sealed record ConnectionCounts(long Used, long Idle, long Max);
