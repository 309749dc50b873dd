using ManaAi.Actors.Planning;

namespace ManaAi.Actors.Runs;

/// <summary>How runs are claimed, retried and bounded.</summary>
public sealed record RunOptions
{
    /// <summary>Plans at once on this node (MAX_CONCURRENT_PLANS).</summary>
    public int ConcurrentMax { get; init; } = 8;

    /// <summary>Plans at once for one user, over all nodes (MAX_CONCURRENT_PLANS_PER_USER).</summary>
    public int ConcurrentPerUserMax { get; init; } = 2;

    /// <summary>How long a claim lives unless it is renewed (RUN_LEASE_MS).</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts for one occurrence (RUN_MAX_ATTEMPTS).</summary>
    public int AttemptsMax { get; init; } = 5;

    /// <summary>The first wait after a failed attempt; it doubles (RUN_RETRY_BASE_MS).</summary>
    public TimeSpan RetryBase { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an occurrence waits on 429 before it fails (RATE_LIMIT_MAX_MS).</summary>
    public TimeSpan RateLimitMax { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Plans that nobody has taken up before a mission rests (MAX_UNREVIEWED_ITERATIONS); 0 is no bound.</summary>
    public int UnreviewedMax { get; init; } = 3;

    /// <summary>Whether a write-back moves nextRunAt (ADVANCE_SCHEDULE).</summary>
    public bool IsScheduleAdvanced { get; init; } = true;

    /// <summary>What is due for longer than this when it is first seen has its turn after what is on time.</summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// From one claim to the next while most planners are at work: those who become free within it share one. The time
    /// that a planner waits is nothing beside a call, and a claim costs as much as all else that the ledger does for a run.
    /// </summary>
    public TimeSpan ClaimGap { get; init; } = TimeSpan.FromMilliseconds(8);

    /// <summary>Occurrences opened in a tick's first statement: planners begin while the others of a herd are opened.</summary>
    public int OpenedFirst { get; init; } = 200;

    /// <summary>And in each of the others, so that none takes long.</summary>
    public int OpenedMax { get; init; } = 5000;

    /// <summary>Calls for one occurrence: for each attempt, as many as a dialogue of that mode takes.</summary>
    public int CallsMaxOf(PlanMode mode) =>
        AttemptsMax * (mode == PlanMode.Tools ? ToolsDialogue.RoundsMax : JsonDialogue.AnswersMax);
}
