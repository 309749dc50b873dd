using ManaAi.Actors.Database;

namespace ManaAi.Actors.Runs;

/// <summary>
/// Where somebody stands who follows the events. A transaction takes its numbers before others can see its rows, so a
/// number that is left out may still come: it is asked for again until no transaction can be open that took it.
/// </summary>
/// <param name="last">Behind which it begins.</param>
/// <param name="missing">Numbers before it that nobody can see yet.</param>
public sealed class EventFollower(long last, TimeProvider time, params IEnumerable<long> missing)
{
    /// <summary>No transaction of ours lives longer than a statement and its locks may take.</summary>
    private static readonly TimeSpan PatienceMax = SyncDatabase.StatementMax + SyncDatabase.LockMax;

    /// <summary>A tick that rolls back leaves some thousand numbers out; more are not waited for.</summary>
    private const int MissingMax = 20_000;

    private readonly Dictionary<long, DateTimeOffset> _missing = missing.ToDictionary(
        id => id,
        _ => time.GetUtcNow()
    );

    /// <summary>The greatest number seen.</summary>
    public long Last { get; private set; } = last;

    /// <summary>Numbers below it that have not been seen, and may still come.</summary>
    internal long[] Missing => [.. _missing.Keys];

    /// <summary>Notes what was read, and returns it.</summary>
    public IReadOnlyList<RunEvent> Take(IReadOnlyList<RunEvent> events)
    {
        var now = time.GetUtcNow();
        foreach (var id in events.Select(one => one.Id))
        {
            _missing.Remove(id);
            for (var left = Last + 1; left < id && _missing.Count < MissingMax; left++)
            {
                _missing.TryAdd(left, now);
            }

            Last = Math.Max(Last, id);
        }

        foreach (
            var id in _missing.Where(one => now - one.Value > PatienceMax).Select(one => one.Key).ToArray()
        )
        {
            _missing.Remove(id);
        }

        return events;
    }
}
