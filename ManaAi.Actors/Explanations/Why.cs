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
        Explain(facts, limits, WhyWords.English);

    public static WhyAnswer Explain(WhyFacts facts, WhyLimits limits, WhyWords words) =>
        WhyTiming.Of(facts, limits, words) switch
        {
            WhyTiming.Due due when facts is { IsClaimed: true, Open: { } run } => new WhyAnswer(
                words.Of(
                    $"due {At(due.At)}: node {run.Owner} is planning it now",
                    $"fällig seit {At(due.At)}: Knoten {run.Owner} plant sie gerade"
                ),
                [
                    WhyHistory.Claimed(run, facts, limits, words),
                    WhyHistory.Last(facts, words),
                    .. Next(facts, limits, due.At, words),
                ],
                "due",
                due.At
            ),
            WhyTiming.Due due => Due(facts, limits, due.At, words),
            WhyTiming.NotDueUntil later => NotDue(facts, limits, later, words),
            WhyTiming.Never never => new WhyAnswer(
                words.Of($"never due: {never.Why}", $"nie fällig: {never.Why}"),
                [WhyHistory.Last(facts, words), .. Stale(facts, words), .. Zone(facts, words)],
                "never",
                null
            ),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private static WhyAnswer NotDue(
        WhyFacts facts,
        WhyLimits limits,
        WhyTiming.NotDueUntil later,
        WhyWords words
    )
    {
        var wait = words.Span(later.At - facts.Now);
        return new WhyAnswer(
            words.Of(
                $"not due until {At(later.At)}: {later.Why}",
                $"erst fällig um {At(later.At)}: {later.Why}"
            ),
            [
                WhyHistory.Last(facts, words),
                words.Of($"The next run is in {wait}.", $"Der nächste Lauf ist in {wait}."),
                .. Stale(facts, words),
                .. Pauses(facts, limits, words),
                .. WhySkips
                    .Of(facts, limits, later.At, words)
                    .Select(skip =>
                        words.Of(
                            $"As things stand it will be skipped then: {skip.Sentence}",
                            $"So wie es steht, wird sie dann übergangen: {skip.Sentence}"
                        )
                    ),
                .. Next(facts, limits, later.At, words),
            ],
            "not-due",
            later.At
        );
    }

    private static WhyAnswer Due(WhyFacts facts, WhyLimits limits, DateTimeOffset at, WhyWords words)
    {
        var holds = WhyHolds.Of(facts, limits, words);
        var skips = WhySkips.Of(facts, limits, at, words);
        var why = (holds, skips) switch
        {
            ([var hold, ..], _) => hold.Short,
            (_, [var skip, ..]) => words.Of(
                $"{skip.Short}, so it will be skipped when it is claimed",
                $"{skip.Short}; darum wird sie übergangen, sobald ein Knoten sie annimmt"
            ),
            _ => words.Pick(
                "any node that has a planner free may claim it now",
                "jeder Knoten mit einem freien Planer kann sie jetzt annehmen"
            ),
        };
        return new WhyAnswer(
            words.Of($"due {At(at)}: {why}", $"fällig seit {At(at)}: {why}"),
            [
                .. facts.Open is { } open ? [WhyHistory.Open(open, facts, words)] : Array.Empty<string>(),
                WhyHistory.Last(facts, words),
                .. holds.Select(hold => hold.Sentence),
                .. skips.Select(skip =>
                    words.Of(
                        $"When it is claimed it will be skipped: {skip.Sentence}",
                        $"Sobald ein Knoten sie annimmt, wird sie übergangen: {skip.Sentence}"
                    )
                ),
                .. holds.Count + skips.Count == 0 ? [Free(facts, limits, words)] : Array.Empty<string>(),
                .. Next(facts, limits, at, words),
            ],
            "due",
            at
        );
    }

    private static string Free(WhyFacts facts, WhyLimits limits, WhyWords words)
    {
        var underWay = words.UnderWay(facts.UserRunning, words.Pick("its user", "ihres Nutzers"));
        var max = limits.Runs.ConcurrentPerUserMax;
        return words.Of(
            $"Nothing holds it back: {underWay}, and {max} may be.",
            $"Nichts hält sie zurück: {underWay}, und {max:#,0} dürfen es sein."
        );
    }

    /// <summary>What is paused does not run when its time comes either.</summary>
    private static IEnumerable<string> Pauses(WhyFacts facts, WhyLimits limits, WhyWords words) =>
        facts.Pauses.Count == 0
            ? []
            : WhyHolds.Of(facts, limits, words).Take(facts.Pauses.Count).Select(hold => hold.Sentence);

    private static IEnumerable<string> Stale(WhyFacts facts, WhyWords words) =>
        facts.Open is { Kind: not "manual" } open
            ?
            [
                words.Of(
                    $"Its open run of {At(open.DueAt)} is closed as superseded by the next tick.",
                    $"Ihren offenen Lauf von {At(open.DueAt)} schließt der nächste Tick als überholt."
                ),
            ]
            : [];

    private static IEnumerable<string> Next(
        WhyFacts facts,
        WhyLimits limits,
        DateTimeOffset at,
        WhyWords words
    )
    {
        if (facts.LastPlanned is { Verdict: "failed", Periods: > 1 } failed && facts.NextRunAt > facts.Now)
        {
            yield return words.Of(
                $"It failed several times in a row, the last time as {failed.Reason}, and rests for {failed.Periods} periods of its cadence, a week at most; a plan or an edit makes it normal again.",
                $"Sie ist mehrmals nacheinander gescheitert, zuletzt an {failed.Reason}, und ruht für {failed.Periods} Takte ihres Rhythmus, höchstens eine Woche; nach einem Plan oder einer Änderung läuft sie wieder wie sonst."
            );
        }

        if (facts.Open is { Kind: "manual" } && facts.NextRunAt is { } kept && kept > facts.Now)
        {
            yield return words.Of($"Its nextRunAt stays at {At(kept)}.", $"Ihr nextRunAt bleibt {At(kept)}.");
        }
        else
        {
            yield return WhyTiming.NextAfter(facts, limits, Later(at, facts.Now)) is { } next
                ? words.Of(
                    $"After that it runs at {At(next)}, by its cadence.",
                    $"Danach läuft sie um {At(next)}, nach ihrem Rhythmus."
                )
                : words.Pick(
                    "Its cadence has no further run.",
                    "Ihr Rhythmus sieht keinen weiteren Lauf vor."
                );
        }

        foreach (var sentence in Zone(facts, words))
        {
            yield return sentence;
        }
    }

    private static IEnumerable<string> Zone(WhyFacts facts, WhyWords words) =>
        facts is { Zone: { } zone, Cadence: Cadence.Daily or Cadence.Weekly or Cadence.Cron }
            ? [words.Pick(zone.Sentence, zone.German)]
            : [];

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) =>
        one > other ? one : other;
}
