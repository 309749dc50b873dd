using System.Text.Json;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using NodaTime;

namespace ManaAi.Actors.Planning;

/// <summary>
/// Makes of a claim what is to be asked of which model. Pure, but for what models have taught: which of them take no
/// tools, and which no structured output.
/// </summary>
public sealed class Preparer(
    PlannerOptions options,
    RunOptions runs,
    ScheduleOptions schedule,
    CallLedger calls,
    TimeProvider time
)
{
    /// <summary>What an answer may cost beside its prompt; a plan has some hundred tokens.</summary>
    private const int AnswerTokens = 2000;

    internal RefusalMemory WithoutStructure { get; } = new(time);

    internal RefusalMemory WithoutTools { get; } = new(time);

    /// <summary>The same claim gives the same preparation, as long as no model teaches anything.</summary>
    public Preparation Prepare(Claim claim, LogGeneration generation)
    {
        if (ReadMission(claim) is not { } mission)
        {
            return new Preparation.Ended(null, Verdicts.UnreadableMission());
        }

        var agent = ReadAgent(claim, mission);
        if (
            (SkipRule.Decide(mission, agent, runs.UnreviewedMax) ?? MissedRule.Decide(claim, schedule)) is
            { } skipped
        )
        {
            return new Preparation.Ended(agent, skipped);
        }

        var model = options.ModelFor(generation);
        var moment = new PromptMoment(
            generation,
            claim.IsManual || claim.IsCadenceNewer ? null : claim.Occurrence.DueAt,
            claim.ClaimedAt
        );
        var input = InputOf(model, mission, agent, moment);
        var attempt = new Attempt(claim, model, input, KeptAnswer.ReadAll(claim.Answers));
        return new Preparation.Ready(agent, attempt) { FirstCall = FirstCall(attempt) };
    }

    /// <summary>What a claim of this moment would send first. Nothing is claimed, counted or sent.</summary>
    public PlanPreview Preview(Mission mission, Agent? agent, PromptMoment moment)
    {
        var model = options.ModelFor(moment.Generation);
        var input = InputOf(model, mission, agent, moment);
        var dialogue = PlanDialogue.Begin(input);
        var request = Request(model, dialogue);
        return new PlanPreview(
            dialogue.Mode,
            request,
            dialogue.PromptVersion,
            input.Offered,
            Estimate(request) - AnswerTokens,
            AnswerTokens
        );
    }

    internal LlmRequest Request(string model, PlanDialogue dialogue) =>
        dialogue.Request(model, options.Temperature, !WithoutStructure.Holds(model));

    /// <summary>Why this attempt asks no more; null where it asks.</summary>
    internal Verdict? EndsUnasked(Attempt attempt)
    {
        var claim = attempt.Claim;
        if (claim is { IsWaitedOut: true, RateLimitedSince: { } since })
        {
            return Verdicts.RateLimited(claim.ClaimedAt - since);
        }

        if (claim.Attempt > runs.AttemptsMax)
        {
            // The attempts were counted by claims whose processes died; nothing is left to try.
            return Verdicts.AttemptsUsedUp(runs.AttemptsMax);
        }

        var callsMax = runs.CallsMaxOf(attempt.BoundedAs);
        return claim.Calls + attempt.Calls >= callsMax ? Verdicts.CallsUsedUp(callsMax) : null;
    }

    /// <summary>What the ledger notes of the next call.</summary>
    internal CallPlan Plan(Attempt attempt, PlanDialogue dialogue, LlmRequest request) =>
        new(
            attempt.Model,
            dialogue.PromptVersion,
            attempt.ToolsHash,
            runs.CallsMaxOf(attempt.BoundedAs),
            Estimate(request)
        )
        {
            Refusal = attempt.Refusal,
        };

    private CallPlan? FirstCall(Attempt attempt)
    {
        var (dialogue, verdict) = attempt.Resumed;
        return verdict is not null || EndsUnasked(attempt) is not null || calls.IsLimited(attempt.Claim)
            ? null
            : Plan(attempt, dialogue, Request(attempt.Model, dialogue));
    }

    private PromptInput InputOf(string model, Mission mission, Agent? agent, PromptMoment moment) =>
        new(mission, agent, ToolCatalog.Embedded.Offered(agent?.Policy), ModeFor(model, moment.Generation))
        {
            LocalNow = LocalNow(mission, moment),
        };

    private PlanMode ModeFor(string model, LogGeneration generation) =>
        WithoutTools.Holds(model) ? PlanMode.Json : options.ModeFor(generation);

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

    private static long Estimate(LlmRequest request) =>
        PlanPrompt.EstimateTokens(request.Messages, request.Functions) + AnswerTokens;

    private static Mission? ReadMission(Claim claim)
    {
        using var document = JsonDocument.Parse(claim.MissionRecord, RecordJson.Options);
        return MissionReader.Read(claim.Mission, document.RootElement);
    }

    private static Agent? ReadAgent(Claim claim, Mission mission)
    {
        if (mission.AgentId is not { } id || claim.AgentRecord is not { } record)
        {
            return null;
        }

        using var document = JsonDocument.Parse(record, RecordJson.Options);
        return AgentReader.Read(id, document.RootElement);
    }
}
