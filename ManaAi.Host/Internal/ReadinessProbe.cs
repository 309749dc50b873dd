using ManaAi.Actors;
using ManaAi.Actors.Database;

namespace ManaAi.Host.Internal;

/// <summary>
/// Asks the database whether it is right, once at a time: whoever asks meanwhile shares the answer. The question is
/// open to everyone, and so must not cost a connection for each of them.
/// </summary>
internal sealed class ReadinessProbe(
    IReadinessCheck check,
    Metrics metrics,
    IHostApplicationLifetime lifetime
)
{
    private readonly Lock _lock = new();
    private Task<Readiness>? _underWay;

    public Task<Readiness> AskAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_underWay is null or { IsCompleted: true })
            {
                // Not the caller's token: one who hangs up must not take the answer from the others.
                _underWay = CheckAsync(lifetime.ApplicationStopping);
            }

            return _underWay.WaitAsync(cancellationToken);
        }
    }

    private async Task<Readiness> CheckAsync(CancellationToken cancellationToken)
    {
        await Task.Yield(); // A check that blocks before its first await must not hold the lock meanwhile.
        var readiness = await check.CheckAsync(cancellationToken);
        metrics.Ready.Record(readiness.IsReady ? 1 : 0);
        return readiness;
    }
}
