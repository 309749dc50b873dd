namespace ManaAi.Host.Dashboard;

/// <summary>
/// An answer that all who ask within a while share: it is asked for once at a time, and any number of viewers costs what
/// one does. Who leaves does not take it from the others.
/// </summary>
internal sealed class Recent<T>(Func<CancellationToken, Task<T>> read, TimeSpan keptFor, TimeProvider time)
{
    private readonly Lock _lock = new();
    private Task<T>? _answer;
    private long _askedAt;

    public Task<T> ReadAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (
                _answer is null or { IsFaulted: true } or { IsCanceled: true }
                || (_answer.IsCompleted && time.GetElapsedTime(_askedAt) > keptFor)
            )
            {
                _askedAt = time.GetTimestamp();
                _answer = Task.Run(() => read(CancellationToken.None), CancellationToken.None);
            }

            return _answer.WaitAsync(cancellationToken);
        }
    }
}
