using System.Collections.Concurrent;
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
/// One attempt at a plan: the prompt, the call, the answer kept, the answer judged, and once more with the reason where
/// it was no plan. No transaction is open during a call. A crash after an answer goes on with the kept one.
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
    /// <summary>An answer, and one repeat with the exact reason.</summary>
    private const int AnswersMax = 2;

    private static readonly TimeSpan PlainFor = TimeSpan.FromHours(1);

    // Models that refused structured output, and until when they are asked without it.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _plainUntil = new(StringComparer.Ordinal);

    public async Task<AttemptEnd> PlanAsync(
        Claim claim,
        LogGeneration generation,
        Mission mission,
        Agent? agent,
        CancellationToken cancellationToken
    )
    {
        var tools = ToolCatalog.Embedded.Offered(agent?.Policy);
        var attempt = new Attempt(
            claim,
            options.ModelFor(generation),
            PlanPrompt.Build(
                new PromptInput(mission, agent, tools, PlanMode.Json) { LocalNow = LocalNow(claim, mission) }
            ),
            tools,
            ToolCatalog.ListHash(tools),
            agent?.Id.Value ?? "none"
        );
        var end = await RunAsync(attempt, cancellationToken);
        if (attempt.Calls > 0)
        {
            metrics.PlannerRounds.Record(attempt.Calls);
        }

        return end;
    }

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
        var kept = KeptAnswer.ReadAll(attempt.Claim.Answers);
        var messages = attempt.Prompt.Messages;
        var answers = 0;
        while (true)
        {
            var (answer, end) =
                answers < kept.Count
                    ? (kept[answers], null)
                    : await AskAsync(attempt, messages, cancellationToken);
            if (answer is null)
            {
                return end!;
            }

            answers++;
            switch (Judge(answer, attempt.Tools))
            {
                case Judgement.Final final:
                    return Decided(final.Verdict);
                case Judgement.AskAgain again when answers < AnswersMax:
                    Refused(attempt, again.Sentence);
                    messages = PlanPrompt.AskAgain(attempt.Prompt.Messages, answer.Content, again.Sentence);
                    break;
                case Judgement.AskAgain again:
                    Refused(attempt, again.Sentence);
                    return Decided(Verdicts.UnusablePlan(again.Sentence));
            }
        }
    }

    /// <summary>One call, with a second one without structured output where the server does not take that.</summary>
    private async Task<(KeptAnswer?, AttemptEnd?)> AskAsync(
        Attempt attempt,
        IReadOnlyList<ChatMessage> messages,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            if (attempt.Claim.Attempt > runs.AttemptsMax)
            {
                // The attempts were counted by claims whose processes died; nothing is left to try.
                return (null, Decided(Verdicts.AttemptsUsedUp(runs.AttemptsMax)));
            }

            if (attempt.Claim.Calls + attempt.Calls >= runs.CallsMax)
            {
                return (null, Decided(Verdicts.CallsUsedUp(runs.CallsMax)));
            }

            if (!await CountCallAsync(attempt, cancellationToken))
            {
                return (null, new AttemptEnd.ClaimLost());
            }

            var isStructured = IsStructured(attempt.Model);
            switch (await CallAsync(attempt, messages, isStructured, cancellationToken))
            {
                case LlmOutcome.Answered { Answer: var answer }:
                    var keep = KeptAnswer.Of(answer);
                    metrics.CountTokens(attempt.AgentId, answer.Usage.TotalTokens);
                    return await ledger.KeepAnswerAsync(
                        attempt.Claim,
                        keep.ToJson(),
                        answer.Usage,
                        cancellationToken
                    )
                        ? (keep, null)
                        : (null, new AttemptEnd.ClaimLost());
                case LlmOutcome.Rejected { Kind: not "blocked", Status: 400 or 422 } when isStructured:
                    _plainUntil[attempt.Model] = time.GetUtcNow() + PlainFor;
                    break;
                case var outcome:
                    return (null, EndOf(attempt.Claim, outcome));
            }
        }
    }

    private Task<bool> CountCallAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        attempt.Calls++;
        return ledger.CountCallAsync(
            attempt.Claim,
            attempt.Model,
            attempt.Prompt.Version,
            attempt.ToolsHash,
            cancellationToken
        );
    }

    private async Task<LlmOutcome> CallAsync(
        Attempt attempt,
        IReadOnlyList<ChatMessage> messages,
        bool isStructured,
        CancellationToken cancellationToken
    )
    {
        var request = new LlmRequest(
            attempt.Model,
            options.Temperature,
            messages,
            isStructured ? ResponseFormat.JsonSchema : ResponseFormat.Plain,
            ResponseSchema: isStructured ? PlanSchema.For(attempt.Tools) : null
        );
        var started = Stopwatch.GetTimestamp();
        var outcome = await llm.CompleteAsync(request, cancellationToken);
        metrics.PlannerRequestDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        if (LlmOutcomes.Kind(outcome) is { } kind)
        {
            metrics.CountProviderError(LlmOutcomes.Provider(attempt.Model), kind);
        }

        return outcome;
    }

    private bool IsStructured(string model) =>
        !_plainUntil.TryGetValue(model, out var until) || until <= time.GetUtcNow();

    private static Judgement Judge(KeptAnswer answer, IReadOnlyList<Tool> tools)
    {
        if (answer.Refusal is { Length: > 0 } || answer.FinishReason == "content_filter")
        {
            return new Judgement.Final(Verdicts.Refused(answer.FinishReason));
        }

        if (answer.FinishReason == "length")
        {
            return new Judgement.AskAgain(
                "The answer was cut off because it grew too long; answer with a shorter plan of fewer steps."
            );
        }

        return PlanReplyParser.Parse(answer.Content, tools) switch
        {
            PlanReply.Accepted accepted => new Judgement.Final(new Verdict.Planned(accepted.Plan)),
            PlanReply.Refused refused => new Judgement.AskAgain(refused.Sentence),
            _ => throw new UnreachableException(),
        };
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

    private sealed class Attempt(
        Claim claim,
        string model,
        Prompt prompt,
        IReadOnlyList<Tool> tools,
        string toolsHash,
        string agentId
    )
    {
        public Claim Claim => claim;

        public string Model => model;

        public Prompt Prompt => prompt;

        public IReadOnlyList<Tool> Tools => tools;

        public string ToolsHash => toolsHash;

        public string AgentId => agentId;

        /// <summary>Calls counted by this attempt.</summary>
        public int Calls { get; set; }
    }

    private abstract record Judgement
    {
        private Judgement() { }

        public sealed record Final(Verdict Verdict) : Judgement;

        public sealed record AskAgain(string Sentence) : Judgement;
    }
}
