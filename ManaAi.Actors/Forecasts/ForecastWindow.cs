namespace ManaAi.Actors.Forecasts;

/// <summary>Over which time runs are counted, and from when on the schedules are followed.</summary>
/// <param name="Now">What was due before it is a run that waits.</param>
/// <param name="From">The first instant that counts.</param>
/// <param name="To">The first instant that no longer counts.</param>
public sealed record ForecastWindow(DateTimeOffset Now, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Longer than a month nobody's schedule stays as it is, and a table of hours is read by nobody.</summary>
    public static TimeSpan LengthMax { get; } = TimeSpan.FromDays(31);

    /// <summary>
    /// Where schedules are followed from. A window that lies ahead finds the runs before it done: what waits now is not
    /// its load.
    /// </summary>
    public DateTimeOffset Begin => Now < From ? Now : From;
}

/// <summary>What the forecast takes from the settings.</summary>
public sealed record ForecastOptions
{
    /// <summary>How schedules move on, and what is missed.</summary>
    public required Runs.ScheduleOptions Schedule { get; init; }

    /// <summary>False: only the nextRunAt that stands there is known (ADVANCE_SCHEDULE).</summary>
    public bool IsScheduleAdvanced { get; init; } = true;

    /// <summary>Plans at once on a node (MAX_CONCURRENT_PLANS).</summary>
    public int PlansMax { get; init; } = 8;

    /// <summary>Plans at once for one user, over all nodes (MAX_CONCURRENT_PLANS_PER_USER).</summary>
    public int PlansPerUserMax { get; init; } = 2;

    /// <summary>How many nodes share the work.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>How long a plan takes; null: as the ledger's history says.</summary>
    public double? SecondsPerPlan { get; init; }
}
