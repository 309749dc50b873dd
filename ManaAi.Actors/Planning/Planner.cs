using System.Diagnostics;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging;
using NodaTime;

namespace ManaAi.Actors.Planning;

/// <summary>
/// One attempt at a plan: the prompt, the calls, each answer kept and taken by the dialogue until that knows the verdict.
/// No transaction is open during a call. A crash after an answer goes on with the kept ones.
/// </summary>
public sealed class Planner(
    LlmClient llm,
    CallLedger calls,
    LlmGate gate,
    PlannerOptions options,
    RunOptions runs,
    ScheduleOptions schedule,
    Random random,
    TimeProvider time,
    Metrics metrics,
    ILogger<Planner> logger
)
{
    /// <summary>What an answer may cost beside its prompt; a plan has some hundred tokens.</summary>
    private const int AnswerTokens = 2000;

    /// <summary>From here on a model that calls tools is told that its agent's budget is nearly used up.</summary>
    private const double WarnedFrom = 0.75;

    private static readonly TimeSpan KeepWait = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan KeepWaitMax = TimeSpan.FromSeconds(10);

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
        var model = options.ModelFor(generation);
        var moment = new PromptMoment(
            generation,
            claim.IsManual || claim.IsCadenceNewer ? null : claim.Occurrence.DueAt,
            claim.ClaimedAt
        );
        var attempt = new Attempt(
            claim,
            model,
            InputOf(model, mission, agent, moment),
            KeptAnswer.ReadAll(claim.Answers)
        );
        using var span = Traces.Plan(claim, model);
        var end = await RunAsync(attempt, cancellationToken);
        span?.EndPlan(end, attempt);
        if (attempt.Calls > 0)
        {
            metrics.PlannerRounds.Record(attempt.Calls);
        }

        return end;
    }

    /// <summary>What a claim of this moment would send first. Nothing is claimed, counted or sent.</summary>
    public PlanPreview Preview(Mission mission, Agent? agent, PromptMoment moment)
    {
        var model = options.ModelFor(moment.Generation);
        var input = InputOf(model, mission, agent, moment);
        var dialogue = PlanDialogue.Begin(input);
        var request = dialogue.Request(model, options.Temperature, !_withoutStructure.Holds(model));
        return new PlanPreview(
            dialogue.Mode,
            request,
            dialogue.PromptVersion,
            input.Offered,
            Estimate(request) - AnswerTokens,
            AnswerTokens
        );
    }

    private PromptInput InputOf(string model, Mission mission, Agent? agent, PromptMoment moment) =>
        new(mission, agent, ToolCatalog.Embedded.Offered(agent?.Policy), ModeFor(model, moment.Generation))
        {
            LocalNow = LocalNow(mission, moment),
        };

    private PlanMode ModeFor(string model, LogGeneration generation) =>
        _withoutTools.Holds(model) ? PlanMode.Json : options.ModeFor(generation);

    /// <summary>The database's clock where the user is: a plan with dates needs to know what today is.</summary>
    private DateTimeOffset LocalNow(Mission mission, PromptMoment moment)
    {
        var zone = ZoneInference.Infer(
            mission.TimeZone,
            mission.Cadence,
            moment.DueAt is { } dueAt ? Instant.FromDateTimeOffset(dueAt) : null,
            schedule.DefaultZone
        );
        return Instant.FromDateTimeOffset(moment.Now).InZone(zone.Zone).ToDateTimeOffset();
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
            if (attempt.Claim is { IsWaitedOut: true, RateLimitedSince: { } since })
            {
                return Ended(dialogue.EndNow(Verdicts.RateLimited(attempt.Claim.ClaimedAt - since)));
            }

            if (attempt.Claim.Attempt > runs.AttemptsMax)
            {
                // The attempts were counted by claims whose processes died; nothing is left to try.
                return Ended(dialogue.EndNow(Verdicts.AttemptsUsedUp(runs.AttemptsMax)));
            }

            if (attempt.Claim.Calls + attempt.Calls >= callsMax)
            {
                return Ended(dialogue.EndNow(Verdicts.CallsUsedUp(callsMax)));
            }

            var isStructured = !_withoutStructure.Holds(attempt.Model);
            var request = dialogue.Request(attempt.Model, options.Temperature, isStructured);
            var estimate = Estimate(request);
            if (await AdmitAsync(attempt, dialogue, callsMax, estimate, cancellationToken) is { } end)
            {
                return new Asked.Ended(end);
            }

            // A note may have been added meanwhile.
            request = request with
            {
                Messages = dialogue.Messages,
            };
            var started = Stopwatch.GetTimestamp();
            var outcome = await CallAsync(request, cancellationToken);
            var took = Stopwatch.GetElapsedTime(started);
            switch (outcome)
            {
                case LlmOutcome.Answered { Answer: var answer }:
                    attempt.Usage += answer.Usage;
                    var kept = KeptAnswer.Of(answer, dialogue.Mode);
                    var isKept = await KeepAsync(
                        attempt,
                        kept,
                        answer.Usage,
                        estimate,
                        took,
                        cancellationToken
                    );
                    await gate.NoteAsync(attempt.Claim, attempt.Model, outcome, cancellationToken);
                    return isKept ? new Asked.Answered(kept) : new Asked.Ended(new AttemptEnd.ClaimLost());
                case LlmOutcome.Rejected { Kind: "capability", Status: 400 or 422 } rejected
                    when dialogue.Mode == PlanMode.Tools:
                    _withoutTools.Add(attempt.Model);
                    Log.ToolsRefused(logger, attempt.Model, rejected.Status);
                    return new Asked.WithoutTools();
                case LlmOutcome.Rejected { Kind: not "blocked", Status: 400 or 422 }
                    when request.Format == ResponseFormat.JsonSchema:
                    _withoutStructure.Add(attempt.Model);
                    break;
                default:
                    await gate.NoteAsync(attempt.Claim, attempt.Model, outcome, cancellationToken);
                    return new Asked.Ended(
                        AfterRounds(
                            dialogue,
                            outcome,
                            AttemptEnd.Of(attempt.Claim, outcome, took, runs, random.NextDouble())
                        )
                    );
            }
        }
    }

    private static long Estimate(LlmRequest request) =>
        PlanPrompt.EstimateTokens(request.Messages, request.Functions) + AnswerTokens;

    /// <summary>Counts the call and reserves what it may cost, before it is made.</summary>
    /// <returns>Null where it may be made; else how the attempt ends.</returns>
    private async Task<AttemptEnd?> AdmitAsync(
        Attempt attempt,
        PlanDialogue dialogue,
        int callsMax,
        long estimate,
        CancellationToken cancellationToken
    )
    {
        var call = new CallPlan(attempt.Model, dialogue.PromptVersion, attempt.ToolsHash, callsMax, estimate)
        {
            Refusal = attempt.Refusal,
        };
        switch (await calls.AdmitAsync(attempt.Claim, call, cancellationToken))
        {
            case Admission.Admitted admitted:
                attempt.Calls++;
                Warn(attempt, dialogue, admitted.AgentShare);
                return null;
            case Admission.Spent spent:
                return Decided(dialogue.EndNow(SkipRule.Budget(spent.Spending)));
            case Admission.Reserved reserved:
                return new AttemptEnd.Waits(
                    new Release(
                        RetryWaits.Reserved,
                        "budget",
                        $"calls under way have reserved what is left of the {reserved.Spending.Kind}'s budget",
                        CostsAttempt: false
                    )
                    {
                        KeepsAnswers = true,
                    }
                );
            default:
                return new AttemptEnd.ClaimLost();
        }
    }

    private static void Warn(Attempt attempt, PlanDialogue dialogue, double? agentShare)
    {
        if (dialogue.Mode == PlanMode.Tools && agentShare >= WarnedFrom && !attempt.IsWarned)
        {
            attempt.IsWarned = true;
            dialogue.AddNote(
                "Your budget for today is nearly used up. Record only what matters most, and then finish."
            );
        }
    }

    /// <summary>
    /// The answer is paid for: a database that is away for a moment must not cost it. Saying it twice is harmless, since
    /// it is kept by its place.
    /// </summary>
    private async Task<bool> KeepAsync(
        Attempt attempt,
        KeptAnswer answer,
        LlmUsage usage,
        long estimate,
        TimeSpan took,
        CancellationToken cancellationToken
    )
    {
        metrics.CountTokens(attempt.AgentId, usage.TotalTokens > 0 ? usage.TotalTokens : estimate);
        var place = attempt.Kept++;
        var wait = KeepWait;
        while (true)
        {
            try
            {
                return await calls.KeepAnswerAsync(
                    attempt.Claim,
                    place,
                    answer.ToJson(),
                    usage,
                    estimate,
                    took,
                    cancellationToken
                );
            }
            catch (Exception exception) when (exception.IsDatabaseFault() && wait < KeepWaitMax)
            {
                await Task.Delay(wait, time, cancellationToken);
                wait *= 2;
            }
        }
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

    private async Task<LlmOutcome> CallAsync(LlmRequest request, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var span = Traces.Call(request, llm.Address);
        var outcome = await llm.CompleteAsync(request, cancellationToken);
        span?.EndCall(outcome);
        metrics.PlannerRequestDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        if (LlmOutcomes.Kind(outcome) is { } kind)
        {
            metrics.CountProviderError(LlmOutcomes.Provider(request.Model), kind);
        }

        return outcome;
    }

    private void Refused(Attempt attempt, string sentence)
    {
        attempt.Refusal = sentence;
        metrics.ParseFailures.Add(1);
        var (mission, dueAt) = (attempt.Claim.Mission.ToString(), attempt.Claim.Occurrence.DueAt);
        Log.AnswerRefused(logger, mission, dueAt, attempt.Claim.Epoch, ForeignText.WithoutQuotes(sentence));
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
