using System.Collections.Concurrent;

namespace ManaAi.Actors.Planning;

/// <summary>Models that refused a way of being asked, each for an hour: then it is tried again, since servers learn.</summary>
internal sealed class RefusalMemory(TimeProvider time)
{
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _until = new(StringComparer.Ordinal);

    public void Add(string model) => _until[model] = time.GetUtcNow() + Lasts;

    public bool Holds(string model) => _until.TryGetValue(model, out var until) && until > time.GetUtcNow();
}
