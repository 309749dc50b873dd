using ManaAi.Actors.Missions;
using static ManaAi.Actors.Explanations.WhyText;

namespace ManaAi.Actors.Explanations;

/// <summary>Whether a mission is due, by its record and its runs alone. Pure.</summary>
internal abstract record WhyTiming
{
    private WhyTiming() { } // Closed: only the cases below can exist.

    public sealed record Due(DateTimeOffset At) : WhyTiming;

    public sealed record NotDueUntil(DateTimeOffset At, string Why) : WhyTiming;

    public sealed record Never(string Why) : WhyTiming;

    public static WhyTiming Of(WhyFacts facts, WhyLimits limits)
    {
        if (facts is { IsClaimed: true, Open: { } claimed })
        {
            return new Due(claimed.DueAt);
        }

        if (NeverOf(facts) is { } never)
        {
            return new Never(never);
        }

        if (facts.Open is { Kind: "manual" } asked)
        {
            return new Due(asked.DueAt);
        }

        return facts.NextRunAt switch
        {
            null => new Never(WithoutDate(facts)),
            { } next when next > facts.Now => new NotDueUntil(next, "its nextRunAt is ahead"),
            { } next => Reached(facts, limits, next),
        };
    }

    private static WhyTiming Reached(WhyFacts facts, WhyLimits limits, DateTimeOffset next)
    {
        if (facts.AtNextRun is not { Verdict: { } verdict } || verdict == "superseded")
        {
            return new Due(next);
        }

        var ended = $"its run of {At(next)} has ended as {verdict}";
        if (!limits.Runs.IsScheduleAdvanced)
        {
            return new Never(
                $"{ended}, and with ADVANCE_SCHEDULE=false it waits for a device to write another nextRunAt"
            );
        }

        return NextAfter(facts, limits, facts.Now) is { } later
            ? new NotDueUntil(later, $"{ended}, and the next tick moves nextRunAt on")
            : new Never($"{ended}, and its cadence has no further run");
    }

    /// <summary>The run that the cadence has after an instant; null where there is none.</summary>
    public static DateTimeOffset? NextAfter(WhyFacts facts, WhyLimits limits, DateTimeOffset instant) =>
        facts is { Cadence: { } cadence, Zone: { } zone }
            ? Schedule.NextRunAt(cadence, zone.Zone, instant, limits.Schedule.IntervalMinutesMin)
            : null;

    private static string? NeverOf(WhyFacts facts) =>
        facts switch
        {
            { IsDeleted: true } => "the mission is deleted",
            { Obstacle: Obstacles.NewerSchema } => Line(
                $"a row of it has schema_version {facts.NewerSchema}, which this version does not understand; upgrade the service"
            ),
            { Obstacle: Obstacles.Incomplete } =>
                "its record has no objective or no cadence; a device has to save it again",
            { Obstacle: Obstacles.Ciphertext } =>
                "its objective or concept is encrypted, so it is left to its devices",
            { Obstacle: Obstacles.UnreadableNextRunAt } => "its nextRunAt does not read as an instant",
            { Obstacle: { } other } => $"the record has an obstacle: {other}",
            { State: "active" } => null,
            { State: "paused" or "done" or "archived" } => $"its state is {facts.State}",
            _ => "its state is none of active, paused, done and archived",
        };

    private static string WithoutDate(WhyFacts facts) =>
        facts switch
        {
            { NeedsSchedule: true } =>
                "it has no nextRunAt yet; the next tick writes the first one from its cron expression",
            { Cadence: Cadence.Manual } =>
                "it is manual and has no nextRunAt: it runs when somebody asks for it",
            { Cadence: Cadence.Unreadable } => "it has no nextRunAt, and its cadence cannot be read",
            { Cadence: Cadence.Cron } =>
                "it has no nextRunAt, and its cron expression never comes or cannot be read",
            _ => "it has no nextRunAt; a device writes one when the mission is next saved or run there",
        };
}
