using System.Collections.Concurrent;

namespace ManaAi.Actors.Planning;

/// <summary>Models that refused a way of being asked, each for an hour: then it is tried again, since servers learn.</summary>
internal sealed class RefusalMemory(TimeProvider time)
{
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, long> _since = new(StringComparer.Ordinal);

    // By the clock that only goes forward: one that is set right must not make an hour of it a day.
    public void Add(string model) => _since[model] = time.GetTimestamp();

    public bool Holds(string model) =>
        _since.TryGetValue(model, out var since) && time.GetElapsedTime(since) < Lasts;
}
