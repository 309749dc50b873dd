using ManaAi.Actors;
using ManaAi.Host.Settings;

namespace ManaAi.Host.Keys;

/// <summary>
/// Reads MANA_SERVICE_KEY_FILE again and again. It looks instead of listening: mounted secrets are swapped by turning
/// links in a folder above, and network file systems announce nothing. What it finds has to be found twice, so that a
/// file that is just being written is not taken for a shorter key.
/// </summary>
internal sealed class KeyFileWatch(
    ServiceSettings settings,
    ServiceKeys keys,
    TimeProvider time,
    ILogger<KeyFileWatch> logger
) : IHostedService, IDisposable
{
    /// <summary>From one look to the next; a new key holds after two.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private ITimer? _timer;
    private KeyReading? _seen;
    private string? _said;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings.Edge.ServiceKeyFile is { } path)
        {
            // One look at a time: where a mount hangs, looks must not pile up.
            _timer = time.CreateTimer(
                _ =>
                {
                    Look(path);
                    _timer?.Change(Interval, Timeout.InfiniteTimeSpan);
                },
                null,
                Interval,
                Timeout.InfiniteTimeSpan
            );
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _timer = null;
    }

    private void Look(string path)
    {
        var found = KeyFile.Read(path, settings.IsDevelopment);
        var isStable = IsSame(found, _seen);
        _seen = found;
        if (!isStable)
        {
            return;
        }

        switch (found)
        {
            case KeyReading.Ok ok:
                _said = null;
                if (keys.Replace(ok.Keys))
                {
                    Log.KeysReplaced(logger, ok.Keys.Count);
                }

                break;
            case KeyReading.Faulty faulty when faulty.Predicate != _said:
                _said = faulty.Predicate;
                Log.KeysKept(logger, faulty.Predicate);
                break;
        }
    }

    private static bool IsSame(KeyReading found, KeyReading? seen) =>
        (found, seen) switch
        {
            (KeyReading.Ok now, KeyReading.Ok before) => now.Keys.SequenceEqual(before.Keys),
            _ => found == seen,
        };
}
