using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Mailboxes;

/// <summary>What an actor does with one message; its mailbox gives it one at a time.</summary>
public interface IActor<in TMessage>
{
    Task HandleAsync(TMessage message, CancellationToken cancellationToken);
}

/// <summary>
/// The only door into an actor: a bounded channel and the loop that empties it. A handler that throws costs one
/// message and not the actor, since what matters is in the database. Stopping closes the door, finishes what is
/// inside for as long as the host is patient, and may come twice, or before the start. A handler that is deaf to its
/// token does not hold the host back: it is left behind.
/// </summary>
public sealed class Mailbox<TMessage>(int capacity, ILogger logger) : IDisposable
    where TMessage : notnull
{
    private readonly CancellationTokenSource _abandon = new();

    // Bounded: a slow actor slows its callers instead of eating memory.
    private readonly Channel<TMessage> _messages = Channel.CreateBounded<TMessage>(
        new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }
    );

    private Task? _loop;

    /// <summary>How many messages wait.</summary>
    public int Depth => _messages.Reader.Count;

    /// <summary>Done when nothing will be handled any more: it has stopped, or has not started yet.</summary>
    public Task Ended => _loop ?? Task.CompletedTask;

    /// <summary>Waits while the mailbox is full.</summary>
    /// <exception cref="ChannelClosedException">The actor is stopping.</exception>
    public ValueTask TellAsync(TMessage message, CancellationToken cancellationToken) =>
        _messages.Writer.WriteAsync(message, cancellationToken);

    /// <summary>For senders that owe nothing, such as timers: false when the mailbox is full or closed.</summary>
    public bool TryTell(TMessage message) => _messages.Writer.TryWrite(message);

    public void Start(IActor<TMessage> actor) =>
        _loop ??= Task.Run(() => RunAsync(actor), CancellationToken.None);

    public async Task StopAsync(CancellationToken patience)
    {
        _messages.Writer.TryComplete();
        await Ended.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!Ended.IsCompleted)
        {
            await _abandon.CancelAsync();
        }
    }

    public void Dispose() => _abandon.Dispose();

    private async Task RunAsync(IActor<TMessage> actor)
    {
        var abandoned = _abandon.Token; // Outlives its source, which may be disposed while a deaf handler goes on.
        await foreach (var message in _messages.Reader.ReadAllAsync(abandoned))
        {
            try
            {
                await actor.HandleAsync(message, abandoned);
            }
            // Ask the token and not the type: a call that timed out also throws OperationCanceledException,
            // and must cost one message, not the actor.
            catch (Exception exception) when (!abandoned.IsCancellationRequested)
            {
                Log.MessageFailed(logger, message.GetType().Name, exception);
            }
        }
    }
}
