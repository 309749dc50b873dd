using System.Globalization;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Planning;

/// <summary>The mission's last iterations in the prompt: what was proposed, and what the user made of it.</summary>
/// <remarks>
/// Statuses and times come from devices and stand outside the fences, so only known words and plain instants pass.
/// A step's tool is named only if it is offered now: a name that the model cannot use is a name that it would use.
/// </remarks>
internal static class EarlierPasses
{
    private static readonly HashSet<string> Statuses = new(StringComparer.Ordinal)
    {
        "running",
        "awaiting-review",
        "approved",
        "rejected",
        "failed",
        "planned",
        "staged",
        "skipped",
    };

    public static void Write(
        FencedText text,
        IReadOnlyList<Iteration> iterations,
        IReadOnlyList<Tool> offered
    )
    {
        var passes = iterations.TakeLast(PromptLimits.PassesMax).ToList();
        text.Say(passes.Count == 0 ? PromptTexts.NoPasses : PromptTexts.Passes);
        for (var index = 0; index < passes.Count; index++)
        {
            Write(text, passes[index], index + 1, offered);
        }
    }

    private static void Write(FencedText text, Iteration pass, int number, IReadOnlyList<Tool> offered)
    {
        var steps = pass.Steps.Take(PromptLimits.StepsMax).Select(step => Line(step, offered));
        var more = pass.Steps.Count - PromptLimits.StepsMax;
        text.Say(
                $"Pass {number}{On(pass.StartedAt)}, as a whole {Known(pass.OverallStatus)}, {Counted(pass.Steps.Count)}."
            )
            .Fence($"pass-{number}-summary", pass.Summary, PromptLimits.PassSummaryCharsMax)
            .Fence($"pass-{number}-steps", string.Join('\n', steps), int.MaxValue);
        if (more > 0)
        {
            text.Say($"Steps of pass {number} that are left out here: {more}.");
        }

        text.Fence($"pass-{number}-feedback", pass.UserFeedback, PromptLimits.FeedbackCharsMax);
    }

    private static string Line(IterationStep step, IReadOnlyList<Tool> offered)
    {
        var isOffered = offered.Any(tool =>
            string.Equals(tool.Name, step.ToolName, StringComparison.Ordinal)
        );
        var line = ForeignText.Line(step.Summary ?? "", PromptLimits.StepSummaryCharsMax);
        var summary = ForeignText.IsBlank(line) || ForeignText.IsCiphertext(line) ? "(no summary)" : line;
        return $"- {Known(step.Status)}{(isOffered ? $", {step.ToolName}" : "")}: {summary}";
    }

    private static string Known(string? status) =>
        status is not null && Statuses.Contains(status) ? status : "of unknown status";

    private static string Counted(int steps) =>
        steps switch
        {
            0 => "no steps",
            1 => "1 step",
            _ => $"{steps} steps",
        };

    private static string On(string? startedAt) =>
        DateTimeOffset.TryParse(
            startedAt,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var at
        )
            ? string.Create(CultureInfo.InvariantCulture, $" of {at.UtcDateTime:yyyy-MM-dd}")
            : "";
}
