using System.Globalization;
using ManaAi.Actors.Planning;

namespace ManaAi.Actors.Runs;

/// <summary>The failures, each with the plain sentence that its user reads and the detail for an operator.</summary>
public static class Verdicts
{
    private static readonly string[] _skipReasons =
    [
        "agent-archived",
        "agent-paused",
        "awaiting-review",
        "budget",
        "cancelled",
        "collision",
        "missed",
        "too-large",
        "write-refused",
    ];

    /// <summary>Every way in which an occurrence can end; the reason is empty where there is none.</summary>
    public static IReadOnlyList<(string Verdict, string Reason)> All { get; } =
    [
        ("planned", ""),
        ("empty", ""),
        ("superseded", ""),
        .. Enum.GetValues<FailReason>().Select(reason => ("failed", reason.Word())),
        ("failed", "collision"),
        .. _skipReasons.Select(reason => ("skipped", reason)),
    ];

    public static Verdict.Failed UnusablePlan(string sentence) =>
        new(
            FailReason.UnusablePlan,
            "The AI gave no plan that could be used. It will try again next time.",
            $"The last answer was refused: {sentence}"
        );

    public static Verdict.Failed Refused(string finishReason) =>
        new(
            FailReason.Refused,
            "The AI declined to plan this mission. Rewording its objective may help.",
            $"The model refused or was stopped by a content filter (finish_reason {ForeignText.Line(finishReason, 60)})."
        );

    public static Verdict.Failed Rejected(LlmOutcome.Rejected rejected) =>
        new(
            FailReason.Rejected,
            rejected.Kind == "blocked"
                ? "The AI service blocked this mission's request. Rewording its objective may help."
                : "The AI service did not accept the request. Whoever runs this service has been told why.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"mana-llm answered {rejected.Status} ({rejected.Kind}): {rejected.Detail}"
            )
        );

    public static Verdict.Failed LlmUnavailable(LlmOutcome.Unavailable unavailable, int attempts) =>
        new(
            FailReason.LlmUnavailable,
            "The AI service could not be reached this time. It will be tried again next time.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{attempts} attempts failed; the last: {unavailable.Kind}: {unavailable.Detail}"
            )
        );

    public static Verdict.Failed RateLimited(TimeSpan waited) =>
        new(
            FailReason.RateLimited,
            "The AI service was too busy for too long. It will be tried again next time.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"mana-llm answered 429 for {waited.TotalMinutes:0} minutes."
            )
        );

    public static Verdict.Failed AttemptsUsedUp(int attemptsMax) =>
        new(
            FailReason.AttemptsUsedUp,
            "Planning was interrupted too often this time. It will be tried again next time.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"All {attemptsMax} attempts were claimed by processes that ended before they finished."
            )
        );

    public static Verdict.Failed CallsUsedUp(int callsMax) =>
        new(
            FailReason.AttemptsUsedUp,
            "Planning took more tries than it may this time. It will be tried again next time.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"All {callsMax} calls that an occurrence may make were made."
            )
        );

    public static Verdict.Failed UnreadableMission() =>
        new(
            FailReason.UnreadableMission,
            "This mission could not be read. Opening and saving it again may help.",
            "The folded record does not parse as a mission."
        );
}
