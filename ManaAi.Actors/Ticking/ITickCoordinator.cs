namespace ManaAi.Actors.Ticking;

/// <summary>The door to the tick coordinator, for endpoints and commands.</summary>
public interface ITickCoordinator
{
    /// <summary>Runs one tick now and answers when its occurrences are closed, waiting, or held elsewhere.</summary>
    Task<TickReport> RunTickAsync(CancellationToken cancellationToken);

    /// <summary>What the coordinator is doing at this moment.</summary>
    TickStatus Status { get; }
}

/// <param name="IsEnabled">TICK_ENABLED.</param>
/// <param name="State">idle, busy or paused.</param>
public sealed record TickStatus(
    bool IsEnabled,
    string State,
    DateTimeOffset? LastTickAt,
    TimeSpan? LastTickTook,
    IReadOnlyList<string> LastErrors
);
