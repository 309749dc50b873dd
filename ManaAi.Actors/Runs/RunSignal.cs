namespace ManaAi.Actors.Runs;

/// <summary>Says again and again that something happened; whoever waits takes <see cref="Next"/> before looking.</summary>
public sealed class RunSignal
{
    private TaskCompletionSource _next = New();

    public Task Next => Volatile.Read(ref _next).Task;

    public void Raise() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
