using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Explanations;

/// <summary>All that decides whether a mission runs, as it stood at one moment.</summary>
public sealed record WhyFacts(MissionKey Key, DateTimeOffset Now)
{
    /// <summary>Nothing is left of the record, or a device has deleted it.</summary>
    public bool IsDeleted { get; init; }

    public string? State { get; init; } = "active";

    /// <summary>See <see cref="Obstacles"/>.</summary>
    public string? Obstacle { get; init; }

    /// <summary>The schema_version that is too new.</summary>
    public int? NewerSchema { get; init; }

    public DateTimeOffset? NextRunAt { get; init; }

    /// <summary>A cron mission whose first nextRunAt the next tick writes.</summary>
    public bool NeedsSchedule { get; init; }

    public DateTimeOffset? RunningUntil { get; init; }

    /// <summary>null where the record has none.</summary>
    public Cadence? Cadence { get; init; }

    public MissionZone? Zone { get; init; }

    /// <summary>Its plans that no device has taken up.</summary>
    public int Unreviewed { get; init; }

    public WhyAgent? Agent { get; init; }

    /// <summary>Plans of its user under way, over all nodes.</summary>
    public long UserRunning { get; init; }

    public RunDetails? Open { get; init; }

    /// <summary>Since when mana-llm answers 429 for the open run.</summary>
    public DateTimeOffset? RateLimitedSince { get; init; }

    /// <summary>An operator wants the open run now.</summary>
    public bool IsHurried { get; init; }

    /// <summary>The closed run of the instant at which it is due by its record.</summary>
    public RunDetails? AtNextRun { get; init; }

    /// <summary>The run that was closed last.</summary>
    public RunDetails? Last { get; init; }

    /// <summary>The last run that ended as planned, empty or failed.</summary>
    public RunDetails? LastPlanned { get; init; }

    /// <summary>Pauses in force that it falls under, the widest first.</summary>
    public IReadOnlyList<PauseDetails> Pauses { get; init; } = [];

    public GateReading Gate { get; init; } = GateReading.Open;

    /// <summary>Budgets that its calls fall under.</summary>
    public IReadOnlyList<Spending> Spendings { get; init; } = [];

    /// <summary>A node holds the open run.</summary>
    public bool IsClaimed => Open?.LeaseUntil >= Now;
}

/// <summary>The agent that the mission runs for.</summary>
/// <param name="Running">Plans under way for it, over all nodes.</param>
public sealed record WhyAgent(string Id, string State, int ConcurrentMax, long Running);

/// <summary>What this node holds the facts against.</summary>
public sealed record WhyLimits(RunOptions Runs, ScheduleOptions Schedule)
{
    public bool IsTimerOn { get; init; } = true;

    public bool IsDryRun { get; init; }
}

/// <summary>The answer to why.</summary>
/// <param name="FirstLine">`due`, `not due until` or `never due`, the instant where there is one, and why.</param>
/// <param name="Sentences">What happened last, what holds it back or not, and when it runs next.</param>
/// <param name="Due">due, not-due or never.</param>
/// <param name="At">The instant of the first line.</param>
public sealed record WhyAnswer(
    string FirstLine,
    IReadOnlyList<string> Sentences,
    string Due,
    DateTimeOffset? At
);
