using System.Diagnostics;
using NodaTime;

namespace ManaAi.Actors.Missions;

/// <summary>Says when a mission runs next. Pure: the zone, the clock and the floor are passed in.</summary>
/// <remarks>
/// One rule covers both changes of the clock: a run belongs to a time on the wall, and comes at the first
/// instant at which the wall has reached it. So an hour that spring skips runs when the gap ends, and of an
/// hour that autumn repeats the first counts. That instant never falls while the time on the wall rises,
/// which is why the answers strictly increase.
/// </remarks>
public static class Schedule
{
    /// <summary>Where the calendar ends: the year after could have five digits in a zone ahead of UTC.</summary>
    internal static readonly Instant End = Instant.FromUtc(WallClockPattern.YearMax + 1, 1, 1, 0, 0);

    private static readonly NextRun.Never CalendarIsOver = new(
        $"The next run lies after the year {WallClockPattern.YearMax}, where the calendar ends."
    );

    /// <param name="cadence">How often.</param>
    /// <param name="zone">Whose wall; an interval and a manual mission have none.</param>
    /// <param name="now">The answer lies strictly after it; for an interval, the moment of the run.</param>
    /// <param name="intervalMinutesMin">MIN_INTERVAL_MINUTES, at least 1.</param>
    public static NextRun NextAfter(Cadence cadence, DateTimeZone zone, Instant now, int intervalMinutesMin)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(intervalMinutesMin, 1);
        return cadence switch
        {
            Cadence.Manual => new NextRun.Never("The mission is manual: only its user starts it."),
            Cadence.Unreadable(var reason) => new NextRun.Never(reason),
            Cadence.Interval(var minutes) => AfterInterval(minutes, now, intervalMinutesMin),
            Cadence.Daily(var hour, var minute) => OnTheWall(WallClockPattern.Daily(hour, minute), zone, now),
            Cadence.Weekly(var day, var hour, var minute) => OnTheWall(
                WallClockPattern.Weekly(day, hour, minute),
                zone,
                now
            ),
            Cadence.Cron(var expression) => AfterCron(expression, zone, now),
            _ => throw new UnreachableException($"{cadence}"),
        };
    }

    /// <summary>The same for callers that only want the instant: null is never.</summary>
    public static DateTimeOffset? NextRunAt(
        Cadence cadence,
        DateTimeZone zone,
        DateTimeOffset now,
        int intervalMinutesMin
    ) =>
        NextAfter(cadence, zone, Instant.FromDateTimeOffset(now), intervalMinutesMin) is NextRun.At at
            ? at.Instant.ToDateTimeOffset()
            : null;

    /// <summary>One run after the other, without an end unless there is one: then a Never comes last.</summary>
    public static IEnumerable<NextRun> Upcoming(
        Cadence cadence,
        DateTimeZone zone,
        Instant from,
        int intervalMinutesMin
    )
    {
        var next = NextAfter(cadence, zone, from, intervalMinutesMin);
        while (next is NextRun.At at)
        {
            yield return at;
            next = NextAfter(cadence, zone, at.Instant, intervalMinutesMin);
        }

        yield return next;
    }

    private static NextRun AfterInterval(long minutes, Instant now, int minutesMin)
    {
        var taken = Math.Clamp(minutes, minutesMin, CadenceJson.IntervalMinutesMax);
        if (now >= End)
        {
            return CalendarIsOver;
        }

        // Cut, as the wire has milliseconds; a minute is longer than what is cut off, so it stays after now.
        var next = Instant.FromUnixTimeMilliseconds(
            (now + Duration.FromMinutes(taken)).ToUnixTimeMilliseconds()
        );
        return next < End
            ? new NextRun.At(next) { IsRaisedToMinimum = minutes < minutesMin }
            : CalendarIsOver;
    }

    private static NextRun AfterCron(string expression, DateTimeZone zone, Instant now)
    {
        if (!CronText.TryParse(expression, out var pattern, out var reason))
        {
            return new NextRun.Never(reason);
        }

        return pattern.CanCome
            ? OnTheWall(pattern, zone, now)
            : new NextRun.Never(
                $"The cron expression \"{expression}\" never comes: no month that it names has such a day."
            );
    }

    // In the second pass through a repeated hour the times that the wall shows were reached before: the loop
    // walks over them, an hour of minutes at the most that any zone has done in our century.
    private static NextRun OnTheWall(WallClockPattern pattern, DateTimeZone zone, Instant now)
    {
        if (now >= End)
        {
            return CalendarIsOver;
        }

        var wall = pattern.NextAfter(now.InZone(zone).LocalDateTime);
        while (wall is { } time)
        {
            if (Reach(pattern, zone, time) is { } run && run.Instant > now)
            {
                return run.Instant < End ? run : CalendarIsOver;
            }

            wall = pattern.NextAfter(time);
        }

        return CalendarIsOver;
    }

    /// <summary>The run for a time on the wall; null for a day that the zone left out and the next one makes up for.</summary>
    private static NextRun.At? Reach(WallClockPattern pattern, DateTimeZone zone, LocalDateTime wall)
    {
        var mapping = zone.MapLocal(wall);
        if (mapping.Count > 0)
        {
            return new NextRun.At(mapping.First().ToInstant()) { IsFirstOfTwo = mapping.Count == 2 };
        }

        var gapEnd = mapping.LateInterval.IsoLocalStart;
        var isWholeDayGone =
            mapping.EarlyInterval.IsoLocalEnd <= wall.Date.AtMidnight() && gapEnd.Date > wall.Date;
        if (isWholeDayGone && pattern.MatchesDay(gapEnd.Date))
        {
            return null;
        }

        return new NextRun.At(mapping.LateInterval.Start)
        {
            // Where the gap ends on a minute that has its own run, nothing was moved there: the two are one.
            SkippedWallTime = pattern.Matches(gapEnd) ? null : wall,
        };
    }
}
