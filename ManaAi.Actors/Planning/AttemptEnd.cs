using System.Diagnostics;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>How one attempt ended.</summary>
public abstract record AttemptEnd
{
    private const string TooMany = "mana-llm answered 429";

    private AttemptEnd() { } // Closed: only the cases below can exist.

    public sealed record Decided(Verdict Verdict) : AttemptEnd;

    public sealed record Waits(Release Release) : AttemptEnd;

    /// <summary>Another node has the run now: whatever was made of it here is void.</summary>
    public sealed record ClaimLost : AttemptEnd;

    /// <summary>How a call that brought no answer ends its attempt. Pure.</summary>
    /// <param name="jitter">0 to 1; see <see cref="RetryWaits.AfterFailure"/>.</param>
    public static AttemptEnd Of(
        Claim claim,
        LlmOutcome outcome,
        TimeSpan took,
        RunOptions options,
        double jitter
    ) =>
        outcome switch
        {
            LlmOutcome.RateLimited limited => AfterRateLimit(claim, limited, took, options),
            LlmOutcome.Unauthorized unauthorized => Wait(
                RetryWaits.Unauthorized,
                "authorization",
                unauthorized.Detail,
                $"status {unauthorized.Status}",
                took,
                isCounted: false
            ),
            LlmOutcome.Rejected rejected => new Decided(Verdicts.Rejected(rejected)),
            LlmOutcome.Unavailable unavailable when claim.Attempt >= options.AttemptsMax => new Decided(
                Verdicts.LlmUnavailable(unavailable, claim.Attempt)
            ),
            LlmOutcome.Unavailable unavailable => Wait(
                RetryWaits.AfterFailure(options.RetryBase, claim.Attempt, jitter),
                "retry",
                $"{unavailable.Kind}: {unavailable.Detail}",
                $"{unavailable.Kind}: {unavailable.Brief}",
                took,
                isCounted: true
            ),
            _ => throw new UnreachableException(),
        };

    private static AttemptEnd AfterRateLimit(
        Claim claim,
        LlmOutcome.RateLimited limited,
        TimeSpan took,
        RunOptions options
    )
    {
        var wait = RetryWaits.AfterRateLimit(limited.RetryAfter);
        var waited = claim.RateLimitedSince is { } since ? claim.ClaimedAt - since : TimeSpan.Zero;
        return waited + wait > options.RateLimitMax
            ? new Decided(Verdicts.RateLimited(waited))
            : Wait(wait, "rate-limit", TooMany, TooMany, took, isCounted: false);
    }

    private static Waits Wait(
        TimeSpan wait,
        string waitsFor,
        string error,
        string brief,
        TimeSpan took,
        bool isCounted
    ) =>
        new(
            new Release(wait, waitsFor, error, CostsAttempt: isCounted)
            {
                Brief = brief,
                IsCallGivenBack = !isCounted,
                CallTook = took,
            }
        );
}
