using System.Diagnostics;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Planning;

/// <summary>
/// One attempt at a plan: the prompt, the calls, each answer kept and taken by the dialogue until that knows the verdict.
/// No transaction is open during a call. A crash after an answer goes on with the kept ones.
/// </summary>
public sealed class Planner(
    LlmClient llm,
    CallLedger calls,
    LlmGate gate,
    Preparer preparer,
    RunOptions runs,
    Random random,
    TimeProvider time,
    Metrics metrics,
    ILogger<Planner> logger
)
{
    /// <summary>From here on a model that calls tools is told that its agent's budget is nearly used up.</summary>
    private const double WarnedFrom = 0.75;

    private static readonly TimeSpan KeepWait = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan KeepWaitMax = TimeSpan.FromSeconds(10);

    /// <param name="hasAsked">
    /// Told when the last answer is here: what is left is to write, and nobody is asked any more.
    /// </param>
    internal async Task<AttemptEnd> PlanAsync(
        Attempt attempt,
        Action hasAsked,
        CancellationToken cancellationToken
    )
    {
        using var span = Traces.Plan(attempt.Claim, attempt.Model);
        var end = await RunAsync(attempt, hasAsked, cancellationToken);
        span?.EndPlan(end, attempt);
        if (attempt.Calls > 0)
        {
            metrics.PlannerRounds.Record(attempt.Calls);
        }

        return end;
    }

    private async Task<AttemptEnd> RunAsync(
        Attempt attempt,
        Action hasAsked,
        CancellationToken cancellationToken
    )
    {
        var (dialogue, verdict) = attempt.Resumed;
        while (verdict is null)
        {
            switch (await AskAsync(attempt, dialogue, hasAsked, cancellationToken))
            {
                case Asked.Answered answered:
                    Tell(attempt, answered.Turn);
                    verdict = (answered.Turn as DialogueTurn.Final)?.Verdict;
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

    /// <summary>Of a fresh answer; kept ones were counted and told when they came.</summary>
    private void Tell(Attempt attempt, DialogueTurn turn)
    {
        foreach (var call in turn.RefusedCalls)
        {
            metrics.CountToolCall(Attempt.NameOf(call), attempt.PolicyOf(call), "failure");
        }

        if (turn.Reason is { } reason)
        {
            Refused(attempt, reason);
        }
    }

    /// <summary>One answer; where a server does not take structured output, by a second call without it.</summary>
    private async Task<Asked> AskAsync(
        Attempt attempt,
        PlanDialogue dialogue,
        Action hasAsked,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            if (preparer.EndsUnasked(attempt) is { } ended)
            {
                return Ended(dialogue.EndNow(ended));
            }

            var request = preparer.Request(attempt.Model, dialogue);
            var plan = preparer.Plan(attempt, dialogue, request);
            if (await AdmitAsync(attempt, dialogue, plan, cancellationToken) is { } end)
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
                    var (turn, isKept) = await TakeAsync(
                        dialogue,
                        kept,
                        KeepAsync(attempt, kept, answer.Usage, plan.Estimate, took, cancellationToken),
                        hasAsked
                    );
                    await gate.NoteAsync(attempt.Claim, attempt.Model, outcome, cancellationToken);
                    return isKept ? new Asked.Answered(turn) : new Asked.Ended(new AttemptEnd.ClaimLost());
                case LlmOutcome.Rejected { Kind: "capability", Status: 400 or 422 } rejected
                    when dialogue.Mode == PlanMode.Tools:
                    preparer.WithoutTools.Add(attempt.Model);
                    Log.ToolsRefused(logger, attempt.Model, rejected.Status);
                    return new Asked.WithoutTools();
                case LlmOutcome.Rejected { Kind: not "blocked", Status: 400 or 422 }
                    when request.Format == ResponseFormat.JsonSchema:
                    preparer.WithoutStructure.Add(attempt.Model);
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

    /// <summary>
    /// It is kept at once, and taken meanwhile: who has nothing more to ask says so before the ledger has answered.
    /// </summary>
    private static async Task<(DialogueTurn Turn, bool IsKept)> TakeAsync(
        PlanDialogue dialogue,
        KeptAnswer answer,
        Task<bool> keeping,
        Action hasAsked
    )
    {
        DialogueTurn turn;
        bool isKept;
        try
        {
            turn = dialogue.Take(answer);
            if (turn is DialogueTurn.Final)
            {
                hasAsked();
            }
        }
        finally
        {
            isKept = await keeping;
        }

        return (turn, isKept);
    }

    /// <summary>Counts the call and reserves what it may cost, before it is made, unless the claim has done so.</summary>
    /// <returns>Null where it may be made; else how the attempt ends.</returns>
    private async Task<AttemptEnd?> AdmitAsync(
        Attempt attempt,
        PlanDialogue dialogue,
        CallPlan call,
        CancellationToken cancellationToken
    )
    {
        if (attempt is { Calls: 0, Claim.IsCallCounted: true })
        {
            attempt.Calls++;
            return null;
        }

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

        public sealed record Answered(DialogueTurn Turn) : Asked;

        /// <summary>The model takes no tools: the same plan has to be asked for as JSON.</summary>
        public sealed record WithoutTools : Asked;

        public sealed record Ended(AttemptEnd End) : Asked;
    }
}
