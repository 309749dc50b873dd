using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using NodaTime;

namespace ManaAi.Actors.Runs;

/// <summary>What becomes of an occurrence that comes late because nothing ran when it was due. Pure.</summary>
public static class MissedRule
{
    /// <summary>Counting stops here: who missed a thousand minutes has missed enough.</summary>
    private const int CountMax = 1000;

    /// <returns>The verdict that ends it unplanned, or null where it is planned.</returns>
    public static Verdict.Skipped? Decide(Claim claim, ScheduleOptions options)
    {
        if (claim is { IsHurried: true, IsManual: false })
        {
            return null; // However long ago it was due, someone asked for it since.
        }

        var late = claim.ClaimedAt - claim.Occurrence.DueAt;
        if (IsTooOld(late, options))
        {
            return Skipped(claim, $"longer ago than MISSED_AFTER_MS ({Text(options.MissedAfter)})");
        }

        // Only a first claim can be late by being missed: what was claimed before was begun in time, also where that was
        // given back and counts as no attempt. What an operator asked for has no time of its own.
        return IsSkippedAsLate(late, options) && claim is { IsFirst: true, IsManual: false }
            ? Skipped(
                claim,
                $"more than one tick interval ago ({Text(options.LateAfter)}), and MISSED_RUNS is skip"
            )
            : null;
    }

    /// <summary>Skipped whatever MISSED_RUNS says.</summary>
    internal static bool IsTooOld(TimeSpan late, ScheduleOptions options) => late > options.MissedAfter;

    /// <summary>Skipped where MISSED_RUNS is skip, at the first claim.</summary>
    internal static bool IsSkippedAsLate(TimeSpan late, ScheduleOptions options) =>
        !options.IsMissedMadeUpFor && late - options.Spread > options.LateAfter;

    /// <summary>How many later occurrences of the cadence have passed since this one was due.</summary>
    public static int CountMissed(Cadence cadence, DateTimeZone zone, Claim claim, ScheduleOptions options)
    {
        if (cadence is Cadence.Manual or Cadence.Unreadable)
        {
            return 0;
        }

        var now = Instant.FromDateTimeOffset(claim.ClaimedAt);
        return Schedule
            .Upcoming(
                cadence,
                zone,
                Instant.FromDateTimeOffset(claim.Occurrence.DueAt),
                options.IntervalMinutesMin
            )
            .TakeWhile(next => next is NextRun.At at && at.Instant <= now)
            .Take(CountMax)
            .Count();
    }

    private static Verdict.Skipped Skipped(Claim claim, string why) =>
        new("missed", $"It was due at {IsoText.Milliseconds(claim.Occurrence.DueAt)}, {why}.");

    private static string Text(TimeSpan span) => span.ToString("c", CultureInfo.InvariantCulture);
}
