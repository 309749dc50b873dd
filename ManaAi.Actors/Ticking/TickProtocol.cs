namespace ManaAi.Actors.Ticking;

/// <summary>What the coordinator is told.</summary>
public abstract record TickMessage;

/// <summary>The interval is over.</summary>
public sealed record TimerFired : TickMessage;

/// <summary>A device may have made a mission due: for the coordinator the same as the timer, only sooner.</summary>
public sealed record WokenUp : TickMessage;

/// <summary>Someone asks for a tick now; the answer goes to him.</summary>
public sealed record TickRequested(TaskCompletionSource<TickReport> Answer) : TickMessage;

/// <summary>The tick that was under way is over.</summary>
public sealed record TickFinished(TickOutcome Outcome) : TickMessage;

/// <summary>Everything that the manual tick waited for is closed, waiting, or held elsewhere.</summary>
public sealed record RunsSettled(TickReport Report) : TickMessage;

/// <summary>The timer is to be ignored from now on; manual ticks still work.</summary>
public sealed record PauseRequested : TickMessage;

/// <summary>The timer counts again.</summary>
public sealed record ResumeRequested : TickMessage;

/// <summary>What one tick found.</summary>
/// <param name="At">The database's clock; ours where it could not be asked.</param>
/// <param name="Claimable">The runs that it found open and claimable.</param>
public sealed record TickOutcome(
    DateTimeOffset At,
    IReadOnlyCollection<long> Claimable,
    IReadOnlyList<string> Errors,
    TimeSpan Took
)
{
    /// <summary>Changes folded.</summary>
    public long Rows { get; init; }

    /// <summary>Of those, the ones that only a sweep could find.</summary>
    public long LateRows { get; init; }

    /// <summary>Occurrences opened.</summary>
    public long Opened { get; init; }

    /// <summary>The model that runs are planned with; while it is held, or the breaker is open, they wait.</summary>
    public string Model { get; init; } = "";

    /// <summary>The answer where nothing is waited for.</summary>
    public TickReport ToReport() => new(At, Claimable.Count, 0, 0, 0, Errors);
}
