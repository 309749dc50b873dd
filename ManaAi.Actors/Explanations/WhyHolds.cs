using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using static ManaAi.Actors.Explanations.WhyText;

namespace ManaAi.Actors.Explanations;

/// <summary>One thing that keeps a due mission from being planned now.</summary>
/// <param name="Short">For the first line.</param>
/// <param name="Sentence">The same with its numbers, and what ends it.</param>
internal sealed record WhyHold(string Short, string Sentence);

/// <summary>What keeps a due mission from being planned now, the strongest first. Pure.</summary>
internal static class WhyHolds
{
    public static IReadOnlyList<WhyHold> Of(WhyFacts facts, WhyLimits limits, WhyWords words) =>
        [
            .. facts.Pauses.Select(pause => Paused(pause, facts.Now, words)),
            .. Some(Device(facts, words)),
            .. Some(Waiting(facts, limits, words)),
            .. facts
                .Gate.Entries.Where(entry => entry.IsHeld && entry.Cause != GateEntry.Paused)
                .Select(entry => Gate(entry, words)),
            .. facts
                .Spendings.Where(spending => spending is { IsFull: true, IsSpent: false })
                .Select(spending => Reserved(spending, words)),
            .. Some(UserCap(facts, limits, words)),
            .. Some(AgentCap(facts, words)),
            .. Some(Unopened(facts, limits, words)),
            .. Some(DryRun(limits, words)),
        ];

    private static WhyHold Paused(PauseDetails pause, DateTimeOffset now, WhyWords words)
    {
        var (what, verb, german) = pause.Scope switch
        {
            { UserId.Length: 0 } => ("the whole service", "ist", "der ganze Dienst"),
            { MissionId.Length: 0 } => ("all missions of its user", "sind", "alle Missionen ihres Nutzers"),
            _ => ("this mission", "ist", "diese Mission"),
        };
        var end = pause.Until is { } until
            ? words.Of(
                $"until {At(until)}, in {words.Span(until - now)}",
                $"bis {At(until)}, noch {words.Span(until - now)}"
            )
            : words.Pick("until someone resumes", "bis jemand fortsetzt");
        var (at, reason) = (At(pause.PausedAt), pause.Reason.TrimEnd('.'));
        return new WhyHold(
            words.Of($"an operator paused {what}", $"{german} {verb} von Hand angehalten"),
            words.Of(
                $"An operator paused {what} at {at}, {end}: {reason}.",
                $"Seit {at} {verb} {german} von Hand angehalten, {end}: {reason}."
            )
        );
    }

    private static WhyHold? Device(WhyFacts facts, WhyWords words)
    {
        if (facts.RunningUntil is not { } until || until <= facts.Now)
        {
            return null;
        }

        var (at, wait) = (At(until), words.Span(until - facts.Now));
        return new WhyHold(
            words.Of($"a device is running it until {at}", $"ein Gerät führt sie bis {at} aus"),
            words.Of(
                $"A device began to run it itself; it is looked at again at {at}, in {wait}.",
                $"Ein Gerät hat begonnen, sie selbst auszuführen; um {at}, in {wait}, wird wieder nach ihr gesehen."
            )
        );
    }

    private static WhyHold? Waiting(WhyFacts facts, WhyLimits limits, WhyWords words)
    {
        if (facts.Open is not { } run || run.ClaimableAt <= facts.Now)
        {
            return null;
        }

        var last = LedgerText.In(words, run.LastError) is { } error ? $": {error.TrimEnd('.')}" : "";
        var (at, wait) = (At(run.ClaimableAt), words.Span(run.ClaimableAt - facts.Now));
        var again = words.Of(
            $"It is tried again at {at}, in {wait}.",
            $"Der nächste Versuch ist um {at}, in {wait}."
        );
        return run.WaitsFor switch
        {
            "retry" => new(
                words.Of(
                    $"it waits until {at} after a failed attempt",
                    $"nach einem gescheiterten Versuch wartet sie bis {at}"
                ),
                words.Of(
                    $"Attempt {run.Attempts} of {limits.Runs.AttemptsMax} failed{last}. {again}",
                    $"Versuch {run.Attempts} von {limits.Runs.AttemptsMax} scheiterte{last}. {again}"
                )
            ),
            "rate-limit" => RateLimited(facts.RateLimitedSince ?? run.OpenedAt, at, again, limits, words),
            "authorization" => new(
                words.Of(
                    $"mana-llm refused the key, and it waits until {at}",
                    $"mana-llm lehnte den Schlüssel ab, und sie wartet bis {at}"
                ),
                words.Of(
                    $"mana-llm refused the key{last}; check MANA_LLM_KEY. This costs no attempt. {again}",
                    $"mana-llm lehnte den Schlüssel ab{last}; bitte MANA_LLM_KEY prüfen. Das kostet keinen Versuch. {again}"
                )
            ),
            "budget" => new(
                words.Pick(
                    "what is left of a budget is reserved for other calls",
                    "der Rest eines Budgets ist für andere Aufrufe reserviert"
                ),
                words.Of(
                    $"What is left of a budget is reserved for calls under way. {again}",
                    $"Der Rest eines Budgets ist für laufende Aufrufe reserviert. {again}"
                )
            ),
            "write-back" => new(
                words.Of(
                    $"the change log did not take its result, and it waits until {at}",
                    $"das Änderungslog nahm ihr Ergebnis nicht an, und sie wartet bis {at}"
                ),
                words.Of(
                    $"The answer is kept, but writing it failed{last}. {again}",
                    $"Die Antwort ist aufgehoben, aber sie ließ sich nicht schreiben{last}. {again}"
                )
            ),
            _ => Spread(at, limits, words),
        };
    }

    private static WhyHold RateLimited(
        DateTimeOffset since,
        string at,
        string again,
        WhyLimits limits,
        WhyWords words
    )
    {
        var max = words.Span(limits.Runs.RateLimitMax);
        return new(
            words.Of(
                $"mana-llm answered 429, and it waits until {at}",
                $"mana-llm antwortete 429, und sie wartet bis {at}"
            ),
            words.Of(
                $"mana-llm answers 429 for it since {At(since)}; after {max} of that it fails. {again}",
                $"mana-llm antwortet für sie seit {At(since)} mit 429; dauert das länger als {max}, scheitert der Lauf. {again}"
            )
        );
    }

    private static WhyHold Spread(string at, WhyLimits limits, WhyWords words)
    {
        var spread = words.Span(limits.Schedule.Spread);
        return new(
            words.Of($"its start is spread to {at}", $"ihr Beginn ist auf {at} verschoben"),
            words.Of(
                $"Missions due at one moment start spread over {spread} (SPREAD_MS); this one at {at}.",
                $"Missionen, die zur selben Zeit fällig sind, beginnen über {spread} verteilt (SPREAD_MS); diese um {at}."
            )
        );
    }

    private static WhyHold Gate(GateEntry entry, WhyWords words)
    {
        var wait = words.Span(entry.Wait);
        var next = entry.IsProbed
            ? words.Pick(
                "One run is asking now whether it is well again.",
                "Ein Lauf fragt gerade, ob es wieder geht."
            )
            : words.Of($"It is asked again in {wait}.", $"In {wait} wird wieder gefragt.");
        var (since, detail) = (At(entry.Since), entry.Detail);
        return entry.Cause switch
        {
            GateEntry.Authorization => new(
                words.Pick(
                    "mana-llm refuses the key, so nothing is claimed",
                    "mana-llm lehnt den Schlüssel ab, darum wird nichts angenommen"
                ),
                words.Of(
                    $"mana-llm refuses the key since {since} ({detail}); check MANA_LLM_KEY. {next}",
                    $"mana-llm lehnt den Schlüssel seit {since} ab ({detail}); bitte MANA_LLM_KEY prüfen. {next}"
                )
            ),
            GateEntry.RateLimit => new(
                words.Pick(
                    "mana-llm answers 429 for the model, so nothing is claimed",
                    "mana-llm antwortet für das Modell mit 429, darum wird nichts angenommen"
                ),
                words.Of(
                    $"mana-llm answers 429 for the model {detail} since {since}. {next}",
                    $"mana-llm antwortet für das Modell {detail} seit {since} mit 429. {next}"
                )
            ),
            _ => new(
                words.Pick(
                    "the breaker for mana-llm is open, so nothing is claimed",
                    "Aufrufe von mana-llm sind angehalten, darum wird nichts angenommen"
                ),
                words.Of(
                    $"Too many calls to mana-llm failed: its breaker is open since {since} ({detail}). {next}",
                    $"Zu viele Aufrufe von mana-llm scheiterten: seit {since} sind sie angehalten ({detail}). {next}"
                )
            ),
        };
    }

    private static WhyHold Reserved(Spending spending, WhyWords words)
    {
        var german = WhySkips.BudgetOf(spending.Kind);
        return new(
            words.Of(
                $"the {spending.Kind}'s budget is reserved for other calls",
                $"das Budget {german} ist für andere Aufrufe reserviert"
            ),
            words.Of(
                $"Of the {spending.Kind}'s budget of {spending.Limit} tokens a day {spending.Settled} are used and {spending.Reserved} are reserved for calls under way; it waits for those to end.",
                $"Vom Budget {german}, {spending.Limit:#,0} Token am Tag, sind {spending.Settled:#,0} verbraucht und {spending.Reserved:#,0} für laufende Aufrufe reserviert; sie wartet, bis diese enden."
            )
        );
    }

    private static WhyHold? UserCap(WhyFacts facts, WhyLimits limits, WhyWords words)
    {
        var max = limits.Runs.ConcurrentPerUserMax;
        if (facts.UserRunning < max)
        {
            return null;
        }

        var underWay = words.UnderWay(facts.UserRunning, words.Pick("its user", "ihres Nutzers"));
        return new WhyHold(
            words.Pick(
                "its user has as many plans under way as there may be",
                "von ihrem Nutzer sind so viele Pläne unterwegs, wie es sein dürfen"
            ),
            words.Of(
                $"{underWay}, and MAX_CONCURRENT_PLANS_PER_USER is {max}; it comes when one ends.",
                $"{underWay}, und MAX_CONCURRENT_PLANS_PER_USER ist {max}; sie kommt an die Reihe, wenn einer endet."
            )
        );
    }

    private static WhyHold? AgentCap(WhyFacts facts, WhyWords words)
    {
        if (facts.Agent is not { State: "active" } agent || agent.Running < agent.ConcurrentMax)
        {
            return null;
        }

        var whose = words.Of($"its agent {agent.Id}", $"ihres Agenten {agent.Id}");
        var underWay = words.UnderWay(agent.Running, whose);
        return new WhyHold(
            words.Pick(
                "its agent has as many plans under way as there may be",
                "von ihrem Agenten sind so viele Pläne unterwegs, wie es sein dürfen"
            ),
            words.Of(
                $"{underWay}, and the agent's maxConcurrentMissions is {agent.ConcurrentMax}; it comes when one ends.",
                $"{underWay}, und sein maxConcurrentMissions ist {agent.ConcurrentMax}; sie kommt an die Reihe, wenn einer endet."
            )
        );
    }

    private static WhyHold? Unopened(WhyFacts facts, WhyLimits limits, WhyWords words)
    {
        // An open run of another instant is closed by the tick that opens this one.
        if (facts.Open is { } open && (open.Kind == "manual" || open.DueAt == facts.NextRunAt))
        {
            return null;
        }

        var interval = words.Span(limits.Schedule.LateAfter);
        var timer = limits.IsTimerOn
            ? words.Of(
                $"The timer of this node ticks every {interval}.",
                $"Dieser Knoten tickt von selbst alle {interval}."
            )
            : words.Pick(
                "The timer of this node is off (TICK_ENABLED=false): it waits for a tick by hand, or of another node.",
                "Dieser Knoten tickt nicht von selbst (TICK_ENABLED=false): sie wartet auf einen Tick von Hand oder von einem anderen Knoten."
            );
        return facts.AtNextRun?.Verdict == "superseded"
            ? new WhyHold(
                words.Pick(
                    "its run was superseded, and the next tick opens it again",
                    "ihr Lauf wurde überholt, und der nächste Tick öffnet ihn wieder"
                ),
                words.Of(
                    $"Its run of this instant was superseded, and it is due again: the next tick opens it again. {timer}",
                    $"Ihr Lauf zu dieser Zeit wurde überholt, und sie ist wieder fällig: der nächste Tick öffnet ihn wieder. {timer}"
                )
            )
            : new WhyHold(
                words.Pick(
                    "no tick has opened a run for it yet",
                    "noch kein Tick hat einen Lauf für sie geöffnet"
                ),
                words.Of(
                    $"No tick has opened a run for it yet. {timer}",
                    $"Noch kein Tick hat einen Lauf für sie geöffnet. {timer}"
                )
            );
    }

    private static WhyHold? DryRun(WhyLimits limits, WhyWords words) =>
        limits.IsDryRun
            ? new WhyHold(
                words.Pick("this node is in a dry run", "dieser Knoten läuft nur zur Probe"),
                words.Pick(
                    "This node runs with DRY_RUN=true: it finds what is due, and neither calls nor writes.",
                    "Dieser Knoten läuft mit DRY_RUN=true: er findet, was fällig ist, fragt aber kein Modell und schreibt nichts."
                )
            )
            : null;

    private static IEnumerable<WhyHold> Some(WhyHold? hold) => hold is null ? [] : [hold];
}
