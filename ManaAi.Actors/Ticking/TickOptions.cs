namespace ManaAi.Actors.Ticking;

/// <summary>When ticks happen.</summary>
public sealed record TickOptions
{
    /// <summary>TICK_ENABLED: false leaves ticks to whoever asks for one.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>TICK_INTERVAL_MS. The first tick comes at once.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(1);
}
