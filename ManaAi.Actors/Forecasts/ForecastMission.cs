using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Forecasts;

/// <summary>A mission as the forecast reads it: what its schedule depends on, and what its runs cost so far.</summary>
public sealed record ForecastMission(UserId UserId)
{
    public required Cadence Cadence { get; init; }

    public string? TimeZone { get; init; }

    /// <summary>null: a cron mission that the next tick schedules.</summary>
    public DateTimeOffset? NextRunAt { get; init; }

    /// <summary>The cadence was written after nextRunAt, which then tells nothing of the zone.</summary>
    public bool IsCadenceNewer { get; init; }

    /// <summary>nextRunAt has its verdict already: the schedule moves on, and nothing is planned.</summary>
    public bool IsSettled { get; init; }

    /// <summary>The run at nextRunAt was claimed before and waits: it was not late when it was begun.</summary>
    public bool IsBegun { get; init; }

    /// <summary>An operator wants the run at nextRunAt now, however long ago it was due.</summary>
    public bool IsHurried { get; init; }

    /// <summary>An operator has paused it, its user or the service; the greatest instant: without an end.</summary>
    public DateTimeOffset? PausedUntil { get; init; }

    /// <summary>0 to 1: the mission's own place in SPREAD_MS.</summary>
    public double SpreadShare { get; init; }

    public ForecastAgent? Agent { get; init; }

    /// <summary>From the nearest history that there is; null where only that of all is left.</summary>
    public TokenEstimate? Tokens { get; init; }
}

/// <summary>The owning agent, as far as it decides whether its missions are planned.</summary>
/// <param name="State">active, paused or archived.</param>
public sealed record ForecastAgent(AgentId Id, string? State, long? MaxTokensPerDay)
{
    /// <summary>The reason by which every run of its missions is skipped; null where they are planned.</summary>
    public string? SkipReason =>
        this switch
        {
            { State: "paused" } => SkipReasons.AgentPaused,
            { State: "archived" } => SkipReasons.AgentArchived,
            { MaxTokensPerDay: 0 } => SkipReasons.Budget,
            _ => null,
        };
}

/// <summary>Why a run is skipped without a plan, as the ledger says it.</summary>
public static class SkipReasons
{
    public const string AgentPaused = "agent-paused";
    public const string AgentArchived = "agent-archived";
    public const string Budget = "budget";
    public const string Missed = "missed";
}

/// <summary>Whose past runs an estimate is drawn from; the nearer the better.</summary>
public enum TokenBasis
{
    Mission,
    Agent,
    User,
    All,

    /// <summary>There is no history at all.</summary>
    None,
}

/// <param name="Average">Tokens of a run, prompt and answer.</param>
/// <param name="Runs">How many past runs it is the average of.</param>
public sealed record TokenEstimate(TokenBasis Basis, double Average, long Runs);

/// <summary>What the ledger says about the last <see cref="Days"/> days.</summary>
/// <param name="Runs">Closed runs that cost tokens.</param>
/// <param name="Tokens">What they cost together.</param>
/// <param name="Plans">Runs that ended with a plan.</param>
/// <param name="PlanSeconds">From claim to end of those, together.</param>
public sealed record ForecastHistory(long Runs, long Tokens, long Plans, double PlanSeconds)
{
    /// <summary>Long enough for monthly habits, short enough that a new model shows.</summary>
    public const int Days = 30;

    /// <summary>When a tick last read the change log; null where none ever did.</summary>
    public DateTimeOffset? LogReadAt { get; init; }

    public TokenEstimate? OfAll =>
        Runs > 0 ? new TokenEstimate(TokenBasis.All, (double)Tokens / Runs, Runs) : null;
}
