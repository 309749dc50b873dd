using NodaTime;

namespace ManaAi.Actors.Runs;

/// <summary>What the next nextRunAt is computed with.</summary>
public sealed record ScheduleOptions
{
    /// <summary>Where a mission does not say in which zone its user lives (DEFAULT_TIME_ZONE).</summary>
    public DateTimeZone DefaultZone { get; init; } = DateTimeZoneProviders.Tzdb["Europe/Berlin"];

    /// <summary>The shortest interval that is honoured, in minutes (MIN_INTERVAL_MINUTES).</summary>
    public int IntervalMinutesMin { get; init; } = 5;

    /// <summary>Whether a late occurrence is made up for once, or skipped (MISSED_RUNS).</summary>
    public bool IsMissedMadeUpFor { get; init; } = true;

    /// <summary>From here on an occurrence is late where late ones are skipped: one tick interval.</summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What was due longer ago than this is skipped in any case (MISSED_AFTER_MS).</summary>
    public TimeSpan MissedAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Over how long missions due at one moment are spread (SPREAD_MS).</summary>
    public TimeSpan Spread { get; init; } = TimeSpan.Zero;
}
