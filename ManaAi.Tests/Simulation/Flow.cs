using System.Diagnostics.CodeAnalysis;
using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Simulation;

/// <summary>
/// One piece of a node's work, such as a tick or a plan. It runs only while the scheduler waits for it, from one point to
/// the next, so that everything happens in one order that a seed decides.
/// </summary>
internal sealed class Flow(string name, SimulatedNode node)
{
    // Generous, for a busy machine; only a defect of the simulation itself comes to it.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private static readonly AsyncLocal<Flow?> _current = new();

    private TaskCompletionSource<StopPoint> _arrived = NewArrival();
    private TaskCompletionSource<Fate>? _fate;
    private Task _work = Task.CompletedTask;

    /// <summary>Whose work the caller is; null outside of any.</summary>
    public static Flow? Current => _current.Value;

    public string Name => name;

    public SimulatedNode Node => node;

    /// <summary>What it works for.</summary>
    public IReadOnlyList<Claim> Claims { get; init; } = [];

    /// <summary>The only one; null where it works for none, or for several.</summary>
    public Claim? Claim => Claims is [var only] ? only : null;

    public CancellationTokenSource IsOver { get; } = new();

    /// <summary>Where it stands; null once it has ended.</summary>
    public StopPoint? At { get; private set; }

    public bool HasEnded => At is null;

    /// <summary>Runs up to the first point.</summary>
    public Task StartAsync(Func<Flow, Task> work)
    {
        _work = Task.Run(
            () =>
            {
                _current.Value = this;
                return work(this);
            },
            CancellationToken.None
        );
        return ArriveAsync();
    }

    /// <summary>Lets it go on from where it stands, up to the next point or to its end.</summary>
    public Task GoOnAsync(Fate fate)
    {
        _arrived = NewArrival();
        var stopped = _fate!;
        _fate = null;
        stopped.SetResult(fate);
        return ArriveAsync();
    }

    /// <summary>Called by the work itself: stops here until the scheduler has decided.</summary>
    public async Task<Fate> StopAsync(StopPoint point)
    {
        var fate = new TaskCompletionSource<Fate>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (node.IsDead)
        {
            throw new NodeKilledException();
        }

        _fate = fate;
        _arrived.SetResult(point);
        var decided = await fate.Task;
        return decided == Fate.Die ? throw new NodeKilledException() : decided;
    }

    [SuppressMessage("Design", "CA1031", Justification = "What ended the work is looked at by Fault.")]
    private async Task ArriveAsync()
    {
        var first = await Task.WhenAny(_arrived.Task, _work).WaitAsync(_patience, CancellationToken.None);
        At = first == _arrived.Task ? await _arrived.Task : null;
    }

    /// <summary>What ended it; null where it came to its own end.</summary>
    public Exception? Fault => _work.IsCompleted ? _work.Exception?.GetBaseException() : null;

    public bool WasCancelled => _work.IsCanceled;

    private static TaskCompletionSource<StopPoint> NewArrival() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override string ToString() => $"{node.Bench.Id} {name}";
}
