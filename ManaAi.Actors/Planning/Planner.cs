using System.Collections.Concurrent;
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
/// One attempt at a plan: the prompt, the call, the answer kept, the answer judged, and once more with the reason where
/// it was no plan. No transaction is open during a call. A crash after an answer goes on with the kept one.
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
    /// <summary>An answer, and one repeat with the exact reason.</summary>
    private const int AnswersMax = 2;

    /// <summary>What an answer may cost beside its prompt; a plan has some hundred tokens.</summary>
    private const int AnswerTokens = 2000;

    private static readonly TimeSpan KeepWait = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan KeepWaitMax = TimeSpan.FromSeconds(10);

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
        attempt.Kept = kept.Count;
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
            if (attempt.Claim is { IsWaitedOut: true, RateLimitedSince: { } since })
            {
                return (null, Decided(Verdicts.RateLimited(attempt.Claim.ClaimedAt - since)));
            }

            if (attempt.Claim.Attempt > runs.AttemptsMax)
            {
                // The attempts were counted by claims whose processes died; nothing is left to try.
                return (null, Decided(Verdicts.AttemptsUsedUp(runs.AttemptsMax)));
            }

            if (attempt.Claim.Calls + attempt.Calls >= runs.CallsMax)
            {
                return (null, Decided(Verdicts.CallsUsedUp(runs.CallsMax)));
            }

            var estimate = PlanPrompt.EstimateTokens(messages) + AnswerTokens;
            if (await AdmitAsync(attempt, estimate, cancellationToken) is { } refused)
            {
                return (null, refused);
            }

            var isStructured = IsStructured(attempt.Model);
            var started = Stopwatch.GetTimestamp();
            var outcome = await CallAsync(attempt, messages, isStructured, cancellationToken);
            var took = Stopwatch.GetElapsedTime(started);
            switch (outcome)
            {
                case LlmOutcome.Answered { Answer: var answer }:
                    var keep = KeptAnswer.Of(answer);
                    metrics.CountTokens(attempt.AgentId, answer.Usage.TotalTokens);
                    var isKept = await KeepAsync(
                        attempt,
                        keep,
                        answer.Usage,
                        estimate,
                        took,
                        cancellationToken
                    );
                    await gate.NoteAsync(attempt.Claim, attempt.Model, outcome, cancellationToken);
                    return isKept ? (keep, null) : (null, new AttemptEnd.ClaimLost());
                case LlmOutcome.Rejected { Kind: not "blocked", Status: 400 or 422 } when isStructured:
                    _plainUntil[attempt.Model] = time.GetUtcNow() + PlainFor;
                    break;
                default:
                    await gate.NoteAsync(attempt.Claim, attempt.Model, outcome, cancellationToken);
                    return (null, AttemptEnd.Of(attempt.Claim, outcome, took, runs, random.NextDouble()));
            }
        }
    }

    /// <summary>Counts the call and reserves what it may cost, before it is made.</summary>
    /// <returns>Null where it may be made; else how the attempt ends.</returns>
    private async Task<AttemptEnd?> AdmitAsync(
        Attempt attempt,
        long estimate,
        CancellationToken cancellationToken
    )
    {
        var call = new CallPlan(
            attempt.Model,
            attempt.Prompt.Version,
            attempt.ToolsHash,
            runs.CallsMax,
            estimate
        );
        switch (await calls.AdmitAsync(attempt.Claim, call, cancellationToken))
        {
            case Admission.Admitted:
                attempt.Calls++;
                return null;
            case Admission.Spent spent:
                return Decided(SkipRule.Budget(spent.Spending));
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

        /// <summary>Answers that the ledger keeps.</summary>
        public int Kept { get; set; }
    }

    private abstract record Judgement
    {
        private Judgement() { }

        public sealed record Final(Verdict Verdict) : Judgement;

        public sealed record AskAgain(string Sentence) : Judgement;
    }
}
