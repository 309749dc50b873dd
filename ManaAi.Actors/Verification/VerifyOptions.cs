using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Verification;

/// <summary>How a verification looks.</summary>
public sealed record VerifyOptions
{
    /// <summary>How the service looks behind its cursor: rows that it can still find are pending and not wrong.</summary>
    public FeedOptions Feed { get; init; } = new();

    /// <summary>A mission may be due for this long without a run. The default is 15 minutes: many ticks.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a tick under way may take to open what it has just folded, before that counts as wrong.</summary>
    public TimeSpan SettleFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Findings kept of each severity; all are counted.</summary>
    public int FindingsMax { get; init; } = 1000;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
