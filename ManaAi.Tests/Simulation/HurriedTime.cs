namespace ManaAi.Tests.Simulation;

/// <summary>The system's clock, with timers that fire at once: a node's waits cost a simulation nothing.</summary>
internal sealed class HurriedTime : TimeProvider
{
    public override ITimer CreateTimer(
        TimerCallback callback,
        object? state,
        TimeSpan dueTime,
        TimeSpan period
    ) =>
        base.CreateTimer(
            callback,
            state,
            dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero,
            Timeout.InfiniteTimeSpan
        );
}
