using ManaAi.Actors.Overviews;

namespace ManaAi.Host.Dashboard.Overview;

/// <summary>The pulse for all viewers of this node.</summary>
internal sealed class RecentPulse
{
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(1);

    private readonly Recent<Pulse> _recent;
    private readonly TimeProvider _time;
    private long _clockDifference;

    public RecentPulse(Views views, TimeProvider time)
    {
        _time = time;
        _recent = new Recent<Pulse>(
            async cancellationToken =>
            {
                var pulse = await views.Pulse.ReadAsync(cancellationToken);
                Volatile.Write(ref _clockDifference, (pulse.Now - time.GetUtcNow()).Ticks);
                return pulse;
            },
            KeptFor,
            time
        );
    }

    /// <summary>The database's clock, which all instants on pages are from, as well as it is known here.</summary>
    public DateTimeOffset Now => _time.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _clockDifference));

    public Task<Pulse> ReadAsync(CancellationToken cancellationToken) => _recent.ReadAsync(cancellationToken);
}
