using System.Diagnostics;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;

namespace ManaAi.Actors;

/// <summary>
/// The spans of this service, by the platform's own source; while nobody listens each costs a look at a field. They hold
/// ids, numbers and words of ours, never a prompt, an answer, a key or text of a user.
/// </summary>
/// <remarks>
/// A tick is a trace, and so is an occurrence: its trace id is its iteration's id, whichever node works on it and however
/// often it is taken over, so no node has to tell another one. What links the two is kept with the run: each claim names
/// the tick that opened it.
/// </remarks>
internal static class Traces
{
    public const string SourceName = "mana-ai";

    /// <summary>What a span that may end by an exception says until it is told how it ended.</summary>
    private const string Interrupted = "interrupted";

    private static readonly ActivitySource _source = new(SourceName);

    /// <summary>The tick under way here, as the ledger keeps it; null where it is not traced.</summary>
    public static string? CurrentTick =>
        Activity.Current is { Recorded: true, OperationName: "tick", Id: var id } ? id : null;

    /// <summary>The call under way here, as a W3C traceparent; null where it is not traced.</summary>
    public static string? CurrentCall =>
        Activity.Current is { Kind: ActivityKind.Client, Source.Name: SourceName, Id: var id } ? id : null;

    public static Activity? Tick() => _source.StartActivity("tick");

    public static void EndTick(this Activity span, TickOutcome outcome)
    {
        span.SetTag("mana_ai.rows", outcome.Rows)
            .SetTag("mana_ai.opened", outcome.Opened)
            .SetTag("mana_ai.claimable", outcome.Claimable.Count);
        if (outcome.Errors.Count > 0)
        {
            span.Fail("tick-failed");
        }
    }

    public static Activity? Fold() =>
        _source.StartActivity("fold")?.SetStatus(ActivityStatusCode.Error, Interrupted);

    public static void EndFold(this Activity span, FoldReport report) =>
        span.SetStatus(ActivityStatusCode.Unset)
            .SetTag("mana_ai.rows", report.Rows)
            .SetTag("mana_ai.records", report.Records)
            .SetTag("mana_ai.late_rows", report.LateRows)
            .SetTag("mana_ai.is_elsewhere", report.IsElsewhere);

    /// <summary>The claim of one occurrence, from when its round was asked for until now.</summary>
    /// <returns>Whose part the plan and the write-back are; nothing where it is not traced.</returns>
    public static ActivityContext Claim(Claim claim, DateTimeOffset askedAt)
    {
        if (!_source.HasListeners())
        {
            return default;
        }

        ActivityLink[] links = ActivityContext.TryParse(claim.OpenedBy, traceState: null, out var tick)
            ? [new ActivityLink(tick)]
            : [];
        using var span = _source.StartActivity(
            ActivityKind.Internal,
            TraceOf(claim.Occurrence),
            links: links,
            startTime: askedAt,
            name: "claim"
        );
        return span?.Of(claim).SetTag("mana_ai.is_takeover", claim.IsTakeover).Context ?? default;
    }

    /// <summary>One attempt at a plan: its calls, and what was made of them.</summary>
    public static Activity? Plan(Claim claim, string model) =>
        Start("plan", claim)
            ?.SetTag("gen_ai.operation.name", "invoke_agent")
            .Of(model)
            .SetStatus(ActivityStatusCode.Error, Interrupted);

    public static void EndPlan(this Activity span, AttemptEnd end, Attempt attempt)
    {
        span.Of(attempt.Usage).SetTag("mana_ai.calls", attempt.Calls).SetStatus(ActivityStatusCode.Unset);
        switch (end)
        {
            case AttemptEnd.Decided decided:
                span.Of(RunClosing.Of(attempt.Claim, decided.Verdict, hasPlan: false));
                break;
            case AttemptEnd.Waits waits:
                span.Fail(waits.Release.WaitsFor);
                break;
            default:
                span.Fail("claim-lost");
                break;
        }
    }

    /// <summary>One call to mana-llm, as the conventions for generative AI name it.</summary>
    public static Activity? Call(LlmRequest request, Uri server)
    {
        if (!_source.HasListeners())
        {
            return null; // Before a name is made that nobody reads.
        }

        return _source
            .StartActivity($"chat {request.Model}", ActivityKind.Client)
            ?.SetTag("gen_ai.operation.name", "chat")
            .Of(request.Model)
            .SetTag("gen_ai.request.temperature", request.Temperature)
            .SetTag("gen_ai.output.type", request.Format == ResponseFormat.Plain ? "text" : "json")
            .SetTag("server.address", server.Host)
            .SetTag("server.port", server.Port)
            .SetStatus(ActivityStatusCode.Error, Interrupted);
    }

    public static void EndCall(this Activity span, LlmOutcome outcome)
    {
        if (outcome is LlmOutcome.Answered { Answer: var answer })
        {
            // Servers make up reasons of their own; only those that we know are passed on.
            var reason = answer.FinishReason is "stop" or "length" or "content_filter" or "tool_calls"
                ? answer.FinishReason
                : "other";
            span.Of(answer.Usage)
                .SetTag("gen_ai.response.finish_reasons", new[] { reason })
                .SetStatus(ActivityStatusCode.Unset);
            return;
        }

        span.Fail(LlmOutcomes.Kind(outcome)!);
    }

    public static Activity? WriteBack(Claim claim) =>
        Start("write-back", claim)?.SetStatus(ActivityStatusCode.Error, Interrupted);

    /// <summary>Tells the write-back that is under way here how it ended.</summary>
    public static void WrittenBack(RunClosing closing, WriteBackResult result)
    {
        if (Activity.Current is not { OperationName: "write-back", Source.Name: SourceName } span)
        {
            return;
        }

        span.SetStatus(ActivityStatusCode.Unset);
        if (result == WriteBackResult.ClaimLost)
        {
            span.Fail("claim-lost");
        }
        else
        {
            span.Of(closing);
        }
    }

    private static Activity? Start(string name, Claim claim)
    {
        if (!_source.HasListeners())
        {
            return null;
        }

        var parent = claim.Span == default ? TraceOf(claim.Occurrence) : claim.Span;
        return _source.StartActivity(name, ActivityKind.Internal, parent)?.Of(claim);
    }

    // A trace, and no parent in it: each claim of the occurrence begins anew.
    private static ActivityContext TraceOf(Occurrence occurrence) =>
        new(
            ActivityTraceId.CreateFromString(occurrence.IterationId.ToString("N")),
            default,
            ActivityTraceFlags.Recorded
        );

    private static Activity Of(this Activity span, Claim claim) =>
        span.SetTag("mana_ai.mission", claim.Mission.ToString())
            .SetTag("mana_ai.due_at", IsoText.Microseconds(claim.Occurrence.DueAt))
            .SetTag("mana_ai.run_id", claim.RunId)
            .SetTag("mana_ai.epoch", claim.Epoch)
            .SetTag("mana_ai.attempt", claim.Attempt);

    private static Activity Of(this Activity span, string model) =>
        span.SetTag("gen_ai.provider.name", LlmOutcomes.Provider(model))
            .SetTag("gen_ai.request.model", model);

    private static Activity Of(this Activity span, LlmUsage usage) =>
        span.SetTag("gen_ai.usage.input_tokens", usage.PromptTokens)
            .SetTag("gen_ai.usage.output_tokens", usage.CompletionTokens);

    private static void Of(this Activity span, RunClosing closing)
    {
        span.SetTag("mana_ai.verdict", closing.Verdict).SetTag("mana_ai.reason", closing.Reason);
        if (closing.Verdict == "failed")
        {
            span.Fail(closing.Reason!);
        }
    }

    /// <param name="type">A word of ours.</param>
    private static void Fail(this Activity span, string type) =>
        span.SetTag("error.type", type).SetStatus(ActivityStatusCode.Error, type);
}
