using System.Diagnostics;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging;
using NodaTime;

namespace ManaAi.Actors.Planning;

/// <summary>How one attempt ended.</summary>
public abstract record AttemptEnd
{
    private AttemptEnd() { } // Closed: only the cases below can exist.

    public sealed record Decided(Verdict Verdict) : AttemptEnd;

    public sealed record Waits(Release Release) : AttemptEnd;

    /// <summary>Another node has the run now: whatever was made of it here is void.</summary>
    public sealed record ClaimLost : AttemptEnd;
}

/// <summary>
/// One attempt at a plan: the prompt, the calls, each answer kept and taken by the dialogue until that knows the verdict.
/// No transaction is open during a call. A crash after an answer goes on with the kept ones.
/// </summary>
public sealed class Planner(
    LlmClient llm,
    RunLedger ledger,
    PlannerOptions options,
    RunOptions runs,
    ScheduleOptions schedule,
    Random random,
    TimeProvider time,
    Metrics metrics,
    ILogger<Planner> logger
)
{
    private readonly RefusalMemory _withoutStructure = new(time);
    private readonly RefusalMemory _withoutTools = new(time);

    public async Task<AttemptEnd> PlanAsync(
        Claim claim,
        LogGeneration generation,
        Mission mission,
        Agent? agent,
        CancellationToken cancellationToken
    )
    {
        var tools = ToolCatalog.Embedded.Offered(agent?.Policy);
        var model = options.ModelFor(generation);
        var attempt = new Attempt(
            claim,
            model,
            new PromptInput(mission, agent, tools, ModeFor(model, generation))
            {
                LocalNow = LocalNow(claim, mission),
            },
            KeptAnswer.ReadAll(claim.Answers)
        );
        var end = await RunAsync(attempt, cancellationToken);
        if (attempt.Calls > 0)
        {
            metrics.PlannerRounds.Record(attempt.Calls);
        }

        return end;
    }

    private PlanMode ModeFor(string model, LogGeneration generation) =>
        _withoutTools.Holds(model) ? PlanMode.Json : options.ModeFor(generation);

    /// <summary>The database's clock where the user is: a plan with dates needs to know what today is.</summary>
    private DateTimeOffset LocalNow(Claim claim, Mission mission)
    {
        var zone = ZoneInference.Infer(
            mission.TimeZone,
            mission.Cadence,
            Instant.FromDateTimeOffset(claim.Occurrence.DueAt),
            schedule.DefaultZone
        );
        return Instant.FromDateTimeOffset(claim.ClaimedAt).InZone(zone.Zone).ToDateTimeOffset();
    }

    private async Task<AttemptEnd> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var (dialogue, verdict) = attempt.Resume();
        while (verdict is null)
        {
            switch (await AskAsync(attempt, dialogue, cancellationToken))
            {
                case Asked.Answered answered:
                    verdict = Take(attempt, dialogue, answered.Answer);
                    break;
                case Asked.WithoutTools:
                    dialogue = attempt.Begin(PlanMode.Json);
                    break;
                case Asked.Ended ended:
                    return ended.End;
            }
        }

        return Decided(verdict);
    }

    /// <summary>A fresh answer; kept ones were counted and told when they came.</summary>
    private Verdict? Take(Attempt attempt, PlanDialogue dialogue, KeptAnswer answer)
    {
        var turn = dialogue.Take(answer);
        foreach (var call in turn.RefusedCalls)
        {
            metrics.CountToolCall(Attempt.NameOf(call), attempt.PolicyOf(call), "failure");
        }

        if (turn.Reason is { } reason)
        {
            Refused(attempt, reason);
        }

        return (turn as DialogueTurn.Final)?.Verdict;
    }

    /// <summary>One answer; where a server does not take structured output, by a second call without it.</summary>
    private async Task<Asked> AskAsync(
        Attempt attempt,
        PlanDialogue dialogue,
        CancellationToken cancellationToken
    )
    {
        var callsMax = runs.CallsMaxOf(attempt.BoundedAs);
        while (true)
        {
            if (attempt.Claim.Attempt > runs.AttemptsMax)
            {
                // The attempts were counted by claims whose processes died; nothing is left to try.
                return Ended(dialogue.EndNow(Verdicts.AttemptsUsedUp(runs.AttemptsMax)));
            }

            if (attempt.Claim.Calls + attempt.Calls >= callsMax)
            {
                return Ended(dialogue.EndNow(Verdicts.CallsUsedUp(callsMax)));
            }

            if (!await CountCallAsync(attempt, dialogue, cancellationToken))
            {
                return new Asked.Ended(new AttemptEnd.ClaimLost());
            }

            var isStructured = !_withoutStructure.Holds(attempt.Model);
            var request = dialogue.Request(attempt.Model, options.Temperature, isStructured);
            switch (await CallAsync(request, cancellationToken))
            {
                case LlmOutcome.Answered { Answer: var answer }:
                    return await KeepAsync(attempt, dialogue, answer, cancellationToken);
                case LlmOutcome.Rejected { Kind: "capability", Status: 400 or 422 } rejected
                    when dialogue.Mode == PlanMode.Tools:
                    _withoutTools.Add(attempt.Model);
                    Log.ToolsRefused(logger, attempt.Model, rejected.Detail);
                    return new Asked.WithoutTools();
                case LlmOutcome.Rejected { Kind: not "blocked", Status: 400 or 422 }
                    when request.Format == ResponseFormat.JsonSchema:
                    _withoutStructure.Add(attempt.Model);
                    break;
                case var outcome:
                    return new Asked.Ended(AfterRounds(dialogue, outcome, EndOf(attempt.Claim, outcome)));
            }
        }
    }

    private async Task<Asked> KeepAsync(
        Attempt attempt,
        PlanDialogue dialogue,
        LlmAnswer answer,
        CancellationToken cancellationToken
    )
    {
        var kept = KeptAnswer.Of(answer, dialogue.Mode);
        metrics.CountTokens(attempt.AgentId, answer.Usage.TotalTokens);
        return await ledger.KeepAnswerAsync(attempt.Claim, kept.ToJson(), answer.Usage, cancellationToken)
            ? new Asked.Answered(kept)
            : new Asked.Ended(new AttemptEnd.ClaimLost());
    }

    /// <summary>
    /// The rounds that were answered before this call are paid for: a later attempt goes on with them, and where there is
    /// none, what they recorded is the plan. Only what a filter blocked is told as it is.
    /// </summary>
    private static AttemptEnd AfterRounds(PlanDialogue dialogue, LlmOutcome outcome, AttemptEnd end) =>
        end switch
        {
            AttemptEnd.Waits waits => new AttemptEnd.Waits(
                waits.Release with
                {
                    KeepsAnswers = dialogue.GoesOnLater,
                }
            ),
            AttemptEnd.Decided decided when outcome is not LlmOutcome.Rejected { Kind: "blocked" } => Decided(
                dialogue.EndNow(decided.Verdict)
            ),
            _ => end,
        };

    private Task<bool> CountCallAsync(
        Attempt attempt,
        PlanDialogue dialogue,
        CancellationToken cancellationToken
    )
    {
        attempt.Calls++;
        return ledger.CountCallAsync(
            attempt.Claim,
            attempt.BoundedAs,
            attempt.Model,
            dialogue.PromptVersion,
            attempt.ToolsHash,
            cancellationToken
        );
    }

    private async Task<LlmOutcome> CallAsync(LlmRequest request, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var outcome = await llm.CompleteAsync(request, cancellationToken);
        metrics.PlannerRequestDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        if (LlmOutcomes.Kind(outcome) is { } kind)
        {
            metrics.CountProviderError(LlmOutcomes.Provider(request.Model), kind);
        }

        return outcome;
    }

    private AttemptEnd EndOf(Claim claim, LlmOutcome outcome) =>
        outcome switch
        {
            LlmOutcome.RateLimited limited => AfterRateLimit(claim, limited),
            LlmOutcome.Unauthorized unauthorized => new AttemptEnd.Waits(
                new Release(
                    RetryWaits.Unauthorized,
                    "authorization",
                    unauthorized.Detail,
                    CostsAttempt: false
                )
            ),
            LlmOutcome.Rejected rejected => Decided(Verdicts.Rejected(rejected)),
            LlmOutcome.Unavailable unavailable when claim.Attempt >= runs.AttemptsMax => Decided(
                Verdicts.LlmUnavailable(unavailable, claim.Attempt)
            ),
            LlmOutcome.Unavailable unavailable => new AttemptEnd.Waits(
                new Release(
                    RetryWaits.AfterFailure(runs.RetryBase, claim.Attempt, random.NextDouble()),
                    "retry",
                    $"{unavailable.Kind}: {unavailable.Detail}",
                    CostsAttempt: true
                )
            ),
            _ => throw new UnreachableException(),
        };

    private AttemptEnd AfterRateLimit(Claim claim, LlmOutcome.RateLimited limited)
    {
        var wait = RetryWaits.AfterRateLimit(limited.RetryAfter);
        var waited = claim.RateLimitedSince is { } since ? claim.ClaimedAt - since : TimeSpan.Zero;
        return waited + wait > runs.RateLimitMax
            ? Decided(Verdicts.RateLimited(waited))
            : new AttemptEnd.Waits(
                new Release(wait, "rate-limit", "mana-llm answered 429", CostsAttempt: false)
            );
    }

    private void Refused(Attempt attempt, string sentence)
    {
        metrics.ParseFailures.Add(1);
        Log.AnswerRefused(logger, attempt.Claim.Mission.ToString(), attempt.Claim.Occurrence.DueAt, sentence);
    }

    private static AttemptEnd.Decided Decided(Verdict verdict) => new(verdict);

    private static Asked.Ended Ended(Verdict verdict) => new(Decided(verdict));

    /// <summary>What asking came to.</summary>
    private abstract record Asked
    {
        private Asked() { }

        public sealed record Answered(KeptAnswer Answer) : Asked;

        /// <summary>The model takes no tools: the same plan has to be asked for as JSON.</summary>
        public sealed record WithoutTools : Asked;

        public sealed record Ended(AttemptEnd End) : Asked;
    }
}
