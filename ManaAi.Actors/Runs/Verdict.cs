using ManaAi.Actors.Planning;

namespace ManaAi.Actors.Runs;

/// <summary>How an occurrence ended. Superseded is not here: the write-back finds it out.</summary>
public abstract record Verdict
{
    private Verdict() { } // Closed: only the cases below can exist.

    /// <summary>A valid plan; an empty one is a valid outcome too.</summary>
    public sealed record Planned(Plan Plan) : Verdict
    {
        public override string Word => Plan.Steps.Count == 0 ? "empty" : "planned";
    }

    /// <param name="Sentence">One plain sentence for the user.</param>
    /// <param name="Detail">For the operator; no prompt, no key.</param>
    public sealed record Failed(FailReason Reason, string Sentence, string Detail) : Verdict
    {
        public override string Word => "failed";

        /// <summary>What the device shows of it.</summary>
        public IterationFailure ToFailure() => new(Reason.Word(), Detail, "planning", Sentence);
    }

    /// <summary>Not run, and not to be made up for: the schedule moves on without an iteration.</summary>
    public sealed record Skipped(string Reason, string Detail) : Verdict
    {
        public override string Word => "skipped";
    }

    /// <summary>The word in the ledger.</summary>
    public abstract string Word { get; }
}

/// <summary>Why a run failed for good.</summary>
public enum FailReason
{
    LlmUnavailable,
    RateLimited,
    Rejected,
    Refused,
    UnusablePlan,
    UnreadableMission,
    AttemptsUsedUp,
}

/// <summary>The reasons as words.</summary>
public static class FailReasons
{
    /// <summary>The word in the ledger, the metrics and the iteration's errorDetails.</summary>
    public static string Word(this FailReason reason) =>
        reason switch
        {
            FailReason.LlmUnavailable => "llm-unavailable",
            FailReason.RateLimited => "rate-limited",
            FailReason.Rejected => "rejected",
            FailReason.Refused => "refused",
            FailReason.UnusablePlan => "unusable-plan",
            FailReason.UnreadableMission => "unreadable-mission",
            FailReason.AttemptsUsedUp => "attempts-used-up",
            _ => throw new System.Diagnostics.UnreachableException(),
        };
}

/// <summary>What the write-back did. Losing a race is an answer, not an exception.</summary>
public enum WriteBackResult
{
    Written,

    /// <summary>The mission was paused, deleted, rescheduled or taken up by a device: nothing was written.</summary>
    Superseded,

    /// <summary>No room for the iteration: skipped, and the schedule alone was written.</summary>
    TooLarge,

    /// <summary>Another claim holds the run, or it is closed: nothing was written.</summary>
    ClaimLost,
}
