using System.Threading.Channels;
using ManaAi.Actors.Ticking;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Ticking;

/// <summary>
/// A coordinator among scripted neighbours: each tick, and each wait for a manual tick's runs, shows up here and stays
/// under way until the test ends it.
/// </summary>
internal sealed class TickBench : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // For a failing test alone: what is waited for comes by itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Channel<Call<TickOutcome>> _ticks = Channel.CreateUnbounded<Call<TickOutcome>>();
    private readonly Channel<Call<TickReport>> _waits = Channel.CreateUnbounded<Call<TickReport>>();

    public TickBench(bool isEnabled = true) =>
        Coordinator = new TickCoordinator(
            cancellationToken => EnterAsync(_ticks, cancellationToken),
            (_, cancellationToken) => EnterAsync(_waits, cancellationToken),
            new TickOptions { IsEnabled = isEnabled, Interval = Interval },
            Time,
            Log
        );

    public ManualTime Time { get; } = new();

    public KeptLog<TickCoordinator> Log { get; } = new();

    public TickCoordinator Coordinator { get; }

    /// <summary>Ticks that began and that no test has taken yet.</summary>
    public int TicksBegun => _ticks.Reader.Count;

    public static TickBench Started(bool isEnabled = true)
    {
        var bench = new TickBench(isEnabled);
        bench.Coordinator.Start();
        return bench;
    }

    public async Task<Call<TickOutcome>> NextTickAsync() =>
        await _ticks.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public async Task<Call<TickReport>> NextWaitAsync() =>
        await _waits.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public Task<TickReport> AskAsync() =>
        Coordinator.RunTickAsync(CancellationToken.None).WaitAsync(Patience);

    public TickOutcome Found(params long[] claimable) => new(Time.GetUtcNow(), claimable, [], TimeSpan.Zero);

    /// <summary>
    /// Returns when everything told so far is handled: an answered question goes through the same mailbox. Only
    /// while a tick is under way or an answer is pending, since otherwise it would be a tick itself.
    /// </summary>
    public async Task CatchUpAsync() => (await AskAsync()).Errors.ShouldBe(["overlap-skipped"]);

    /// <summary>Ends the tick under way and returns when the coordinator has heard of it.</summary>
    public async Task EndAsync(Call<TickOutcome> tick, TickOutcome outcome)
    {
        tick.End(outcome);
        await UntilAsync(() =>
            Coordinator.Status.LastTickAt == outcome.At && Coordinator.Status.State != "busy"
        );
    }

    public static async Task UntilAsync(Func<bool> isTrue)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!isTrue())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Coordinator.StopAsync(CancellationToken.None).WaitAsync(Patience);
        await Coordinator.DisposeAsync();
    }

    private static async Task<T> EnterAsync<T>(Channel<Call<T>> calls, CancellationToken cancellationToken)
    {
        var call = new Call<T>();
        await using var left = cancellationToken.Register(() => call.Cancel(cancellationToken));
        calls.Writer.TryWrite(call);
        return await call.Result;
    }
}

/// <summary>Something under way, until the test says how it ends.</summary>
internal sealed class Call<T>
{
    private readonly TaskCompletionSource<T> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Result => _end.Task;

    public void End(T result) => _end.SetResult(result);

    public void Throw(Exception exception) => _end.SetException(exception);

    public void Cancel(CancellationToken cancellationToken) => _end.TrySetCanceled(cancellationToken);
}
