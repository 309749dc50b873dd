using ManaAi.Actors.Missions;
using static ManaAi.Actors.Explanations.WhyText;

namespace ManaAi.Actors.Explanations;

/// <summary>
/// Says why a mission is or is not running now: what happened last, what holds it back, and when it runs next. Pure; it
/// tells ids and numbers, and nothing that a user wrote.
/// </summary>
public static class Why
{
    public static WhyAnswer Explain(WhyFacts facts, WhyLimits limits) =>
        WhyTiming.Of(facts, limits) switch
        {
            WhyTiming.Due due when facts is { IsClaimed: true, Open: { } run } => new WhyAnswer(
                $"due {At(due.At)}: node {run.Owner} is planning it now",
                [
                    WhyHistory.Claimed(run, facts, limits),
                    WhyHistory.Last(facts),
                    .. Next(facts, limits, due.At),
                ],
                "due",
                due.At
            ),
            WhyTiming.Due due => Due(facts, limits, due.At),
            WhyTiming.NotDueUntil later => new WhyAnswer(
                $"not due until {At(later.At)}: {later.Why}",
                [
                    WhyHistory.Last(facts),
                    $"The next run is in {Span(later.At - facts.Now)}.",
                    .. Stale(facts),
                    .. Pauses(facts, limits),
                    .. WhySkips
                        .Of(facts, limits, later.At)
                        .Select(skip => $"As things stand it will be skipped then: {skip.Sentence}"),
                    .. Next(facts, limits, later.At),
                ],
                "not-due",
                later.At
            ),
            WhyTiming.Never never => new WhyAnswer(
                $"never due: {never.Why}",
                [WhyHistory.Last(facts), .. Stale(facts), .. Zone(facts)],
                "never",
                null
            ),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private static WhyAnswer Due(WhyFacts facts, WhyLimits limits, DateTimeOffset at)
    {
        var holds = WhyHolds.Of(facts, limits);
        var skips = WhySkips.Of(facts, limits, at);
        var why = (holds, skips) switch
        {
            ([var hold, ..], _) => hold.Short,
            (_, [var skip, ..]) => $"{skip.Short}, so it will be skipped when it is claimed",
            _ => "any node that has a planner free may claim it now",
        };
        return new WhyAnswer(
            $"due {At(at)}: {why}",
            [
                .. facts.Open is { } open ? [WhyHistory.Open(open, facts)] : Array.Empty<string>(),
                WhyHistory.Last(facts),
                .. holds.Select(hold => hold.Sentence),
                .. skips.Select(skip => $"When it is claimed it will be skipped: {skip.Sentence}"),
                .. holds.Count + skips.Count == 0
                    ?
                    [
                        Line(
                            $"Nothing holds it back: {UnderWay(facts.UserRunning, "its user")}, and {limits.Runs.ConcurrentPerUserMax} may be."
                        ),
                    ]
                    : Array.Empty<string>(),
                .. Next(facts, limits, at),
            ],
            "due",
            at
        );
    }

    /// <summary>What is paused does not run when its time comes either.</summary>
    private static IEnumerable<string> Pauses(WhyFacts facts, WhyLimits limits) =>
        facts.Pauses.Count == 0
            ? []
            : WhyHolds.Of(facts, limits).Take(facts.Pauses.Count).Select(hold => hold.Sentence);

    private static IEnumerable<string> Stale(WhyFacts facts) =>
        facts.Open is { Kind: not "manual" } open
            ? [$"Its open run of {At(open.DueAt)} is closed as superseded by the next tick."]
            : [];

    private static IEnumerable<string> Next(WhyFacts facts, WhyLimits limits, DateTimeOffset at)
    {
        if (facts.LastPlanned is { Verdict: "failed", Periods: > 1 } failed && facts.NextRunAt > facts.Now)
        {
            yield return Line(
                $"It failed several times in a row, the last time as {failed.Reason}, and rests for {failed.Periods} periods of its cadence, a week at most; a plan or an edit makes it normal again."
            );
        }

        if (facts.Open is { Kind: "manual" } && facts.NextRunAt is { } kept && kept > facts.Now)
        {
            yield return $"Its nextRunAt stays at {At(kept)}.";
        }
        else
        {
            yield return WhyTiming.NextAfter(facts, limits, Later(at, facts.Now)) is { } next
                ? $"After that it runs at {At(next)}, by its cadence."
                : "Its cadence has no further run.";
        }

        foreach (var sentence in Zone(facts))
        {
            yield return sentence;
        }
    }

    private static IEnumerable<string> Zone(WhyFacts facts) =>
        facts is { Zone: { } zone, Cadence: Cadence.Daily or Cadence.Weekly or Cadence.Cron }
            ? [zone.Sentence]
            : [];

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) =>
        one > other ? one : other;
}
