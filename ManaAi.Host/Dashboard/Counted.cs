namespace ManaAi.Host.Dashboard;

/// <summary>
/// What takes longer to count than a page may take: it is counted beside the pages, once at a time and not often, and a
/// page shows the last count. A count that failed is told to whoever waits for it, and the next page begins another.
/// </summary>
internal sealed class Counted<T>(Func<Task<T>> count, TimeSpan keptFor, TimeProvider time)
    where T : class
{
    /// <summary>A small service is counted within this; who asks first of a great one is told that it is being counted.</summary>
    private const int PatienceMilliseconds = 200;

    private readonly Lock _lock = new();
    private Task<T>? _underWay;
    private T? _last;
    private long _countedAt;

    /// <summary>The last count; null until there is one. A new one begins where the last is old.</summary>
    public async Task<T?> LookAsync(CancellationToken cancellationToken)
    {
        var counting = Counting();
        if (_last is { } last)
        {
            return last;
        }

        await Task.WhenAny(
            counting,
            Task.Delay(TimeSpan.FromMilliseconds(PatienceMilliseconds), time, cancellationToken)
        );
        return counting.IsCompleted ? await counting : null;
    }

    private Task<T> Counting()
    {
        lock (_lock)
        {
            var isOld = _last is null || time.GetElapsedTime(_countedAt) >= keptFor;
            if (_underWay is null || (isOld && _underWay.IsCompleted))
            {
                _underWay = Task.Run(CountAsync);
            }

            return _underWay;
        }
    }

    private async Task<T> CountAsync()
    {
        var counted = await count();
        lock (_lock)
        {
            (_last, _countedAt) = (counted, time.GetTimestamp());
        }

        return counted;
    }
}
