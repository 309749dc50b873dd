using NodaTime;
using NodaTime.Text;

namespace ManaAi.Actors.Missions;

/// <summary>Where a mission's zone was taken from.</summary>
public enum ZoneSource
{
    /// <summary>The mission's own `timeZone`.</summary>
    Mission,

    /// <summary>DEFAULT_TIME_ZONE, and the nextRunAt that is there says the same.</summary>
    DefaultConfirmed,

    /// <summary>A fixed offset, read off a nextRunAt that DEFAULT_TIME_ZONE does not explain.</summary>
    Offset,

    /// <summary>DEFAULT_TIME_ZONE, for want of anything that tells.</summary>
    Default,
}

/// <param name="Zone">Whose wall the cadence is about.</param>
/// <param name="Source">Where it was taken from.</param>
/// <param name="Sentence">The same for people, with what it was read off.</param>
/// <param name="German">The sentence in German.</param>
public sealed record MissionZone(DateTimeZone Zone, ZoneSource Source, string Sentence, string German);

/// <summary>Finds a mission's zone: its own, else the one that its nextRunAt gives away, else the default.</summary>
public static class ZoneInference
{
    private const int DayMinutes = 24 * 60;
    private const int OffsetMinutesMin = -12 * 60;
    private const int OffsetMinutesMax = 14 * 60;

    /// <summary>All offsets in use are multiples of it; a nextRunAt that needs another one means something else.</summary>
    private const int OffsetMinutesStep = 15;

    /// <summary>The longest tzdb name has 32; a longer text is only shown by its beginning.</summary>
    private const int NameCharactersMax = 64;

    /// <param name="timeZone">The mission's `timeZone` as it stands in the record.</param>
    /// <param name="cadence">Only daily and weekly say at which hour nextRunAt was meant to be.</param>
    /// <param name="nextRunAt">As it was computed for this cadence; null where it is older than the cadence.</param>
    /// <param name="defaultZone">DEFAULT_TIME_ZONE.</param>
    public static MissionZone Infer(
        string? timeZone,
        Cadence cadence,
        Instant? nextRunAt,
        DateTimeZone defaultZone
    )
    {
        if (string.IsNullOrWhiteSpace(timeZone))
        {
            return FromNextRun(cadence, nextRunAt, defaultZone);
        }

        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(timeZone.Trim()) is { } own)
        {
            return new(
                own,
                ZoneSource.Mission,
                $"The mission's timeZone is {own.Id}.",
                $"Die timeZone der Mission ist {own.Id}."
            );
        }

        var shown = timeZone.Length > NameCharactersMax ? timeZone[..NameCharactersMax] + "…" : timeZone;
        var found = FromNextRun(cadence, nextRunAt, defaultZone);
        return found with
        {
            Sentence = $"The mission's timeZone \"{shown}\" is no tzdb name. {found.Sentence}",
            German = $"Die timeZone der Mission, „{shown}“, ist kein Name der tzdb. {found.German}",
        };
    }

    private static MissionZone FromNextRun(Cadence cadence, Instant? nextRunAt, DateTimeZone defaultZone)
    {
        var pattern = cadence switch
        {
            Cadence.Daily(var hour, var minute) => WallClockPattern.Daily(hour, minute),
            Cadence.Weekly(var day, var hour, var minute) => WallClockPattern.Weekly(day, hour, minute),
            _ => null,
        };
        if (pattern is null || nextRunAt is not { } instant || instant >= Schedule.End)
        {
            return new(
                defaultZone,
                ZoneSource.Default,
                $"The zone is the default {defaultZone.Id}: the mission names none, and "
                    + (pattern is null ? "its cadence tells none." : "there is no nextRunAt that tells one."),
                $"Die Zone ist die vorgegebene, {defaultZone.Id}: die Mission nennt keine, und "
                    + (
                        pattern is null
                            ? "ihr Rhythmus verrät keine."
                            : "es gibt keinen nextRunAt, der eine verrät."
                    )
            );
        }

        var at = InstantPattern.ExtendedIso.Format(instant);
        if (Explains(defaultZone, cadence, pattern, instant))
        {
            return new(
                defaultZone,
                ZoneSource.DefaultConfirmed,
                $"The zone is the default {defaultZone.Id}: the cadence's hour there is nextRunAt {at}.",
                $"Die Zone ist die vorgegebene, {defaultZone.Id}: die Stunde des Rhythmus ist dort nextRunAt {at}."
            );
        }

        return FittingOffset(pattern, instant, defaultZone) is { } offset
            ? new(
                DateTimeZone.ForOffset(offset),
                ZoneSource.Offset,
                $"The zone is the fixed offset {offset:m}, at which nextRunAt {at} is the cadence's hour; in the "
                    + $"default {defaultZone.Id} it is not.",
                $"Die Zone ist der feste Abstand {offset:m} von UTC, in dem nextRunAt {at} die Stunde des Rhythmus ist; "
                    + $"in der vorgegebenen Zone {defaultZone.Id} ist er es nicht."
            )
            : new(
                defaultZone,
                ZoneSource.Default,
                $"The zone is the default {defaultZone.Id}: no offset makes nextRunAt {at} the cadence's hour.",
                $"Die Zone ist die vorgegebene, {defaultZone.Id}: in keinem Abstand von UTC ist nextRunAt {at} die "
                    + "Stunde des Rhythmus."
            );
    }

    // The wall shows the hour; or it is what we make of an hour that spring skips; or what devices make of one:
    // they go on counting with the offset from before the gap, and so come out later by its length.
    private static bool Explains(
        DateTimeZone zone,
        Cadence cadence,
        WallClockPattern pattern,
        Instant instant
    )
    {
        if (
            pattern.Matches(instant.InZone(zone).LocalDateTime)
            || Schedule.NextAfter(cadence, zone, instant - Duration.FromMilliseconds(1), 1) is NextRun.At ours
                && ours.Instant == instant
        )
        {
            return true;
        }

        var interval = zone.GetZoneInterval(instant);
        if (!interval.HasStart)
        {
            return false;
        }

        var before = zone.GetZoneInterval(interval.Start - Duration.Epsilon);
        var meant = instant.WithOffset(before.WallOffset).LocalDateTime;
        return pattern.Matches(meant) && zone.MapLocal(meant).Count == 0;
    }

    // Offsets span more than a day, so two can fit; a weekly cadence's weekday leaves one of them.
    private static Offset? FittingOffset(WallClockPattern pattern, Instant instant, DateTimeZone defaultZone)
    {
        var usual = defaultZone.GetUtcOffset(instant).Seconds / 60;
        var utc = instant.InUtc().TimeOfDay;
        var needed = (pattern.FirstMinuteOfDay - (utc.Hour * 60) - utc.Minute) % DayMinutes;
        return new[] { needed - DayMinutes, needed, needed + DayMinutes }
            .Where(minutes =>
                minutes is >= OffsetMinutesMin and <= OffsetMinutesMax && minutes % OffsetMinutesStep == 0
            )
            .OrderBy(minutes => Math.Abs(minutes - usual))
            .ThenBy(Math.Abs)
            .Select(minutes => (Offset?)Offset.FromSeconds(minutes * 60))
            .FirstOrDefault(offset => pattern.Matches(instant.WithOffset(offset!.Value).LocalDateTime));
    }
}
