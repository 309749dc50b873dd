namespace ManaAi.Actors.Database;

/// <summary>What the service may make on sync_changes, and how patient it is with it.</summary>
public sealed record LogObjectsOptions
{
    /// <summary>MANAGE_LOG_INDEX.</summary>
    public bool IsIndexManaged { get; init; }

    /// <summary>MANAGE_WAKEUP_TRIGGER.</summary>
    public bool IsTriggerManaged { get; init; }

    /// <summary>
    /// How long the first fold waits for the index. A build waits for every transaction that is open, and then goes on
    /// beside the ticks.
    /// </summary>
    public TimeSpan IndexWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>When a build is given up. Building over ten million rows takes minutes.</summary>
    public TimeSpan IndexBuildMax { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How often it is looked whether another session's build is over.</summary>
    public TimeSpan IndexLookAgain { get; init; } = TimeSpan.FromSeconds(2);
}
