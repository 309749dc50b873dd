using NodaTime;

namespace ManaAi.Actors.Runs;

/// <summary>What the next nextRunAt is computed with.</summary>
public sealed record ScheduleOptions
{
    /// <summary>Where a mission does not say in which zone its user lives (DEFAULT_TIME_ZONE).</summary>
    public DateTimeZone DefaultZone { get; init; } = DateTimeZoneProviders.Tzdb["Europe/Berlin"];

    /// <summary>The shortest interval that is honoured, in minutes (MIN_INTERVAL_MINUTES).</summary>
    public int IntervalMinutesMin { get; init; } = 5;
}
