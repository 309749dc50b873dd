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
    public static IReadOnlyList<WhyHold> Of(WhyFacts facts, WhyLimits limits) =>
        [
            .. facts.Pauses.Select(pause => Paused(pause, facts.Now)),
            .. Some(Device(facts)),
            .. Some(Waiting(facts, limits)),
            .. facts
                .Gate.Entries.Where(entry => entry.IsHeld && entry.Cause != GateEntry.Paused)
                .Select(Gate),
            .. facts
                .Spendings.Where(spending => spending is { IsFull: true, IsSpent: false })
                .Select(Reserved),
            .. Some(UserCap(facts, limits)),
            .. Some(AgentCap(facts)),
            .. Some(Unopened(facts, limits)),
            .. Some(DryRun(limits)),
        ];

    private static WhyHold Paused(PauseDetails pause, DateTimeOffset now)
    {
        var what = pause.Scope switch
        {
            { UserId.Length: 0 } => "the whole service",
            { MissionId.Length: 0 } => "all missions of its user",
            _ => "this mission",
        };
        var end = pause.Until is { } until
            ? $"until {At(until)}, in {Span(until - now)}"
            : "until someone resumes";
        return new WhyHold(
            $"an operator paused {what}",
            $"An operator paused {what} at {At(pause.PausedAt)}, {end}: {pause.Reason.TrimEnd('.')}."
        );
    }

    private static WhyHold? Device(WhyFacts facts) =>
        facts.RunningUntil is { } until && until > facts.Now
            ? new WhyHold(
                $"a device is running it until {At(until)}",
                $"A device began to run it itself; it is looked at again at {At(until)}, in {Span(until - facts.Now)}."
            )
            : null;

    private static WhyHold? Waiting(WhyFacts facts, WhyLimits limits)
    {
        if (facts.Open is not { } run || run.ClaimableAt <= facts.Now)
        {
            return null;
        }

        var (at, last) = (At(run.ClaimableAt), run.LastError is { } error ? $": {error.TrimEnd('.')}" : "");
        var again = $"It is tried again at {at}, in {Span(run.ClaimableAt - facts.Now)}.";
        return run.WaitsFor switch
        {
            "retry" => new(
                $"it waits until {at} after a failed attempt",
                Line($"Attempt {run.Attempts} of {limits.Runs.AttemptsMax} failed{last}. {again}")
            ),
            "rate-limit" => new(
                $"mana-llm answered 429, and it waits until {at}",
                $"mana-llm answers 429 for it since {At(facts.RateLimitedSince ?? run.OpenedAt)}; after "
                    + $"{Span(limits.Runs.RateLimitMax)} of that it fails. {again}"
            ),
            "authorization" => new(
                $"mana-llm refused the key, and it waits until {at}",
                $"mana-llm refused the key{last}; check MANA_LLM_KEY. This costs no attempt. {again}"
            ),
            "budget" => new(
                "what is left of a budget is reserved for other calls",
                $"What is left of a budget is reserved for calls under way. {again}"
            ),
            "write-back" => new(
                $"the change log did not take its result, and it waits until {at}",
                $"The answer is kept, but writing it failed{last}. {again}"
            ),
            _ => new(
                $"its start is spread to {at}",
                $"Missions due at one moment start spread over {Span(limits.Schedule.Spread)} (SPREAD_MS); this one at {at}."
            ),
        };
    }

    private static WhyHold Gate(GateEntry entry)
    {
        var next = entry.IsProbed
            ? "One run is asking now whether it is well again."
            : $"It is asked again in {Span(entry.Wait)}.";
        return entry.Cause switch
        {
            GateEntry.Authorization => new(
                "mana-llm refuses the key, so nothing is claimed",
                $"mana-llm refuses the key since {At(entry.Since)} ({entry.Detail}); check MANA_LLM_KEY. {next}"
            ),
            GateEntry.RateLimit => new(
                "mana-llm answers 429 for the model, so nothing is claimed",
                $"mana-llm answers 429 for the model {entry.Detail} since {At(entry.Since)}. {next}"
            ),
            _ => new(
                "the breaker for mana-llm is open, so nothing is claimed",
                $"Too many calls to mana-llm failed: its breaker is open since {At(entry.Since)} ({entry.Detail}). {next}"
            ),
        };
    }

    private static WhyHold Reserved(Spending spending) =>
        new(
            $"the {spending.Kind}'s budget is reserved for other calls",
            Line(
                $"Of the {spending.Kind}'s budget of {spending.Limit} tokens a day {spending.Settled} are used and "
            ) + Line($"{spending.Reserved} are reserved for calls under way; it waits for those to end.")
        );

    private static WhyHold? UserCap(WhyFacts facts, WhyLimits limits) =>
        facts.UserRunning >= limits.Runs.ConcurrentPerUserMax
            ? new WhyHold(
                "its user has as many plans under way as there may be",
                Line($"{UnderWay(facts.UserRunning, "its user")}, and ")
                    + Line(
                        $"MAX_CONCURRENT_PLANS_PER_USER is {limits.Runs.ConcurrentPerUserMax}; it comes when one ends."
                    )
            )
            : null;

    private static WhyHold? AgentCap(WhyFacts facts) =>
        facts.Agent is { State: "active" } agent && agent.Running >= agent.ConcurrentMax
            ? new WhyHold(
                "its agent has as many plans under way as there may be",
                Line($"{UnderWay(agent.Running, $"its agent {agent.Id}")}, and the agent's ")
                    + Line($"maxConcurrentMissions is {agent.ConcurrentMax}; it comes when one ends.")
            )
            : null;

    private static WhyHold? Unopened(WhyFacts facts, WhyLimits limits)
    {
        // An open run of another instant is closed by the tick that opens this one.
        if (facts.Open is { } open && (open.Kind == "manual" || open.DueAt == facts.NextRunAt))
        {
            return null;
        }

        var timer = limits.IsTimerOn
            ? $"The timer of this node ticks every {Span(limits.Schedule.LateAfter)}."
            : "The timer of this node is off (TICK_ENABLED=false): it waits for a tick by hand, or of another node.";
        return facts.AtNextRun?.Verdict == "superseded"
            ? new WhyHold(
                "its run was superseded, and the next tick opens it again",
                $"Its run of this instant was superseded, and it is due again: the next tick opens it again. {timer}"
            )
            : new WhyHold(
                "no tick has opened a run for it yet",
                $"No tick has opened a run for it yet. {timer}"
            );
    }

    private static WhyHold? DryRun(WhyLimits limits) =>
        limits.IsDryRun
            ? new WhyHold(
                "this node is in a dry run",
                "This node runs with DRY_RUN=true: it finds what is due, and neither calls nor writes."
            )
            : null;

    private static IEnumerable<WhyHold> Some(WhyHold? hold) => hold is null ? [] : [hold];
}
