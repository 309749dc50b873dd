namespace ManaAi.Actors.Runs;

/// <summary>
/// Does together what several ask for at once: who asks while others are on their way shares the next group, so that a
/// herd costs few transactions and few connections. Nobody waits for company.
/// </summary>
/// <param name="atOnce">How many are on their way before others wait; one more while a whole group waits.</param>
/// <param name="groupMax">How many are done together.</param>
/// <param name="alone">Does it for one.</param>
/// <param name="together">
/// Does it for all of a group in one transaction; false, or null, for whom it was not done. They are done alone then, and
/// all of them where it throws: one may be what cannot be done, and the others must not suffer for it.
/// </param>
internal sealed class Together<TAsked, TDone>(
    int atOnce,
    int groupMax,
    Func<TAsked, CancellationToken, Task<TDone>> alone,
    Func<IReadOnlyList<TAsked>, Task<IReadOnlyList<TDone?>>> together
)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = [];
    private int _underWay;

    /// <param name="cancellationToken">May end the waiting alone: what was asked for may be done all the same.</param>
    public async Task<TDone> AskAsync(TAsked asked, CancellationToken cancellationToken)
    {
        var (waiting, isGroup) = TryEnqueue(asked);
        if (isGroup)
        {
            _ = DoWaitingAsync();
        }

        if (waiting is not null)
        {
            return await waiting.Done.Task.WaitAsync(cancellationToken);
        }

        try
        {
            return await alone(asked, cancellationToken);
        }
        finally
        {
            _ = DoWaitingAsync();
        }
    }

    /// <returns>Nothing where nobody is to be waited for; and whether a group is to be begun.</returns>
    private (Waiting? Waiting, bool IsGroup) TryEnqueue(TAsked asked)
    {
        lock (_lock)
        {
            if (_underWay < atOnce)
            {
                _underWay++;
                return (null, false);
            }

            var waiting = new Waiting(asked, new(TaskCreationOptions.RunContinuationsAsynchronously));
            _waiting.Enqueue(waiting);
            var isGroup = _underWay == atOnce && _waiting.Count >= groupMax;
            _underWay += isGroup ? 1 : 0;
            return (waiting, isGroup);
        }
    }

    private async Task DoWaitingAsync()
    {
        while (TakeGroup() is { Count: > 0 } group)
        {
            if (group.Count == 1 || !await TryTogetherAsync(group))
            {
                foreach (var one in group.Where(one => !one.Done.Task.IsCompleted))
                {
                    await DoAloneAsync(one);
                }
            }
        }
    }

    private List<Waiting> TakeGroup()
    {
        lock (_lock)
        {
            var group = new List<Waiting>();
            var isEnough = _underWay <= atOnce || _waiting.Count >= groupMax;
            while (isEnough && group.Count < groupMax && _waiting.TryDequeue(out var next))
            {
                group.Add(next);
            }

            _underWay -= group.Count == 0 ? 1 : 0;
            return group;
        }
    }

    /// <returns>Whether it was done for all.</returns>
    private async Task<bool> TryTogetherAsync(List<Waiting> group)
    {
        try
        {
            var done = await together([.. group.Select(one => one.Asked)]);
            foreach (var (one, its) in group.Zip(done))
            {
                if (its is not null && !its.Equals(default(TDone)))
                {
                    one.Done.SetResult(its);
                }
            }

            return group.All(one => one.Done.Task.IsCompleted);
        }
        catch (Exception)
        {
            // Told to each, where it happens again.
            return false;
        }
    }

    private async Task DoAloneAsync(Waiting one)
    {
        try
        {
            one.Done.SetResult(await alone(one.Asked, CancellationToken.None));
        }
        catch (Exception exception)
        {
            one.Done.SetException(exception);
        }
    }

    private sealed record Waiting(TAsked Asked, TaskCompletionSource<TDone> Done);
}
