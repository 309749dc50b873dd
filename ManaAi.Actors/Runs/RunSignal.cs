namespace ManaAi.Actors.Runs;

/// <summary>Says again and again that something happened; whoever waits takes <see cref="Next"/> before looking.</summary>
public sealed class RunSignal
{
    private TaskCompletionSource _next = New();
    private long _count;

    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>How often it happened.</summary>
    public long Count => Interlocked.Read(ref _count);

    public void Raise()
    {
        Interlocked.Increment(ref _count);
        Interlocked.Exchange(ref _next, New()).TrySetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
