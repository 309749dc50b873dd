namespace ManaAi.Actors.Forecasts;

/// <summary>What is to come: runs and tokens by hour, user and agent, and what the pool makes of them.</summary>
public sealed record Forecast(ForecastWindow Window, PoolCapacity Pool, ForecastHistory History)
{
    /// <summary>All hours of UTC that the window touches, also those without a run.</summary>
    public required IReadOnlyList<ForecastHour> Hours { get; init; }

    /// <summary>The quarters of those hours.</summary>
    public required IReadOnlyList<ForecastQuarter> Quarters { get; init; }

    /// <summary>The hours of the window with the most runs first; the earlier one where two are alike.</summary>
    public required ForecastHour? PeakHour { get; init; }

    /// <summary>The fullest minutes, fullest first.</summary>
    public required IReadOnlyList<ForecastMinute> PeakMinutes { get; init; }

    /// <summary>Those with the most runs first.</summary>
    public required IReadOnlyList<ForecastShare> TopUsers { get; init; }

    public required IReadOnlyList<ForecastShare> TopAgents { get; init; }

    public required ForecastSums Sums { get; init; }

    public required IReadOnlyList<ForecastSkips> Skips { get; init; }

    /// <summary>How many of the runs have their tokens from which history.</summary>
    public required IReadOnlyDictionary<TokenBasis, long> RunsByBasis { get; init; }
}

/// <summary>One hour of UTC. A window that begins or ends inside of it cuts its runs, and not its capacity.</summary>
/// <param name="Tokens">null where there is no history to tell by.</param>
/// <param name="Busy">The share of the pool's time that its runs need; above 1 the pool does not keep up.</param>
/// <param name="Behind">How long the pool has still to work at the hour's end on what was to be done by then.</param>
public sealed record ForecastHour(
    DateTimeOffset At,
    long Runs,
    int Users,
    double? Tokens,
    double Busy,
    TimeSpan Behind
)
{
    public bool IsOverloaded => Busy > 1;
}

/// <summary>A quarter of an hour of UTC.</summary>
public sealed record ForecastQuarter(DateTimeOffset At, long Runs)
{
    public static TimeSpan Length { get; } = TimeSpan.FromMinutes(15);
}

/// <param name="RunsOfOneUser">The most that one user has in it: his runs pass only so many at a time.</param>
/// <param name="WorkOff">Until the last of them is done, had the pool nothing else.</param>
public sealed record ForecastMinute(DateTimeOffset At, int Runs, int RunsOfOneUser, TimeSpan WorkOff);

/// <summary>The part of a user, or of an agent of his.</summary>
/// <param name="Missions">Those with a run in the window.</param>
public sealed record ForecastShare(string UserId, string? AgentId, int Missions, long Runs, double? Tokens);

/// <param name="Missions">Active ones with something to come, those that are skipped and those beyond the window included.</param>
public sealed record ForecastSums(
    int Missions,
    int MissionsWithRuns,
    long Runs,
    int Users,
    int Agents,
    double? Tokens
);

/// <summary>Occurrences that end without a plan, and cost nothing.</summary>
/// <param name="Reason">One of <see cref="SkipReasons"/>.</param>
/// <param name="Missions">A mission that is skipped for two reasons counts for both.</param>
public sealed record ForecastSkips(string Reason, int Missions, long Runs);
