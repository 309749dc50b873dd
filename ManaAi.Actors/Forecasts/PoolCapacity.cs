namespace ManaAi.Actors.Forecasts;

/// <summary>Where the seconds of a plan were taken from.</summary>
public enum SecondsSource
{
    /// <summary>Whoever asks said so.</summary>
    Given,

    /// <summary>The average of the ledger's plans.</summary>
    History,

    /// <summary>Nothing is known.</summary>
    Assumed,
}

/// <summary>What the planners of all nodes can do. Pure arithmetic.</summary>
/// <param name="Planners">Plans at once, over all nodes.</param>
/// <param name="PerUserMax">Plans at once for one user, over all nodes.</param>
/// <param name="SecondsPerPlan">From the claim to the written row.</param>
public sealed record PoolCapacity(
    int Planners,
    int PerUserMax,
    double SecondsPerPlan,
    SecondsSource SecondsSource
)
{
    /// <summary>What a plan of some hundred tokens takes a usual model, and a second call now and then.</summary>
    public const double SecondsAssumed = 15;

    private const double HourSeconds = 3600;
    private const double MinuteSeconds = 60;

    public static PoolCapacity Of(ForecastOptions options, ForecastHistory history)
    {
        var (seconds, source) = options switch
        {
            { SecondsPerPlan: { } given } => (given, SecondsSource.Given),
            _ when history.Plans > 0 => (history.PlanSeconds / history.Plans, SecondsSource.History),
            _ => (SecondsAssumed, SecondsSource.Assumed),
        };
        return new PoolCapacity(
            options.PlansMax * options.Nodes,
            options.PlansPerUserMax,
            Math.Max(0, seconds),
            source
        );
    }

    /// <summary>The share of an hour of all planners that these runs need.</summary>
    public double Busy(long runs) => runs * SecondsPerPlan / (HourSeconds * Planners);

    /// <summary>How many runs the planners of all nodes end within a span.</summary>
    public long RunsWithin(TimeSpan span) =>
        SecondsPerPlan > 0 ? (long)(span.TotalSeconds * Planners / SecondsPerPlan) : long.MaxValue;

    /// <summary>Until a herd that comes at once is done: planners take it in waves, and of one user only so many.</summary>
    public TimeSpan WorkOff(int runs, int runsOfOneUser)
    {
        var waves = Math.Max(Waves(runs, Planners), Waves(runsOfOneUser, PerUserMax));
        return TimeSpan.FromSeconds(waves * SecondsPerPlan);
    }

    /// <summary>What is left at the end of each minute, as the time that all planners need for it.</summary>
    public IEnumerable<TimeSpan> Behind(IEnumerable<int> runsOfMinutes)
    {
        var left = 0d;
        foreach (var runs in runsOfMinutes)
        {
            left = Math.Max(0, left + (runs * SecondsPerPlan) - (MinuteSeconds * Planners));
            yield return TimeSpan.FromSeconds(left / Planners);
        }
    }

    private static long Waves(long runs, int width) => (runs + width - 1) / width;
}
