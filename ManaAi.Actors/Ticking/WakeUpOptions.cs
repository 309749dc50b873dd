namespace ManaAi.Actors.Ticking;

/// <summary>How the listener keeps its connection.</summary>
public sealed record WakeUpOptions
{
    /// <summary>After this much silence the connection is asked whether it lives.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long an answer may take: with the silence before it, a half-open connection lasts under a minute.</summary>
    public TimeSpan AnswerMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>At most one wake-up in this time: a burst of rows is one tick, and one after it.</summary>
    public TimeSpan Gap { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The first wait before connecting again; it doubles.</summary>
    public TimeSpan RetryMin { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait, and how often it is looked whether there is something to listen to by now.</summary>
    public TimeSpan RetryMax { get; init; } = TimeSpan.FromMinutes(1);
}
