using ManaAi.Actors.Missions;
using static ManaAi.Actors.Explanations.WhyText;

namespace ManaAi.Actors.Explanations;

/// <summary>What has happened to a mission's runs, in sentences. Pure.</summary>
internal static class WhyHistory
{
    public static string Claimed(RunDetails run, WhyFacts facts, WhyLimits limits)
    {
        var since = run.ClaimedAt ?? facts.Now;
        return Line(
                $"Run {run.RunId} is claimed by node {run.Owner} since {At(since)} ({Span(facts.Now - since)}): "
            )
            + Line(
                $"attempt {run.Attempts} of {limits.Runs.AttemptsMax}, {Count(run.Calls, "call")} so far; "
            )
            + $"the claim lives until {At(run.LeaseUntil ?? facts.Now)} unless it is renewed.";
    }

    public static string Open(RunDetails run, WhyFacts facts)
    {
        var begun = run switch
        {
            { RetryOf: { } failed } => Line(
                $"Run {run.RunId} was asked for at {At(run.OpenedAt)}, to repeat run {failed}"
            ),
            { Kind: "manual" } => Line($"Run {run.RunId} was asked for at {At(run.OpenedAt)}"),
            _ => Line($"Run {run.RunId} is open since {At(run.OpenedAt)} ({Span(facts.Now - run.OpenedAt)})"),
        };
        if (run.Attempts == 0)
        {
            return $"{begun}; no attempt has been made.";
        }

        var node = run.Owner is { } owner ? $", the last on node {owner}" : "";
        return begun
            + Line($"; {Count(run.Attempts, "attempt")} and {Count(run.Calls, "call")} so far{node}.");
    }

    public static string Last(WhyFacts facts)
    {
        if (facts.Last is not { Verdict: { } verdict, ClosedAt: { } closedAt } run)
        {
            return "None of its runs has ended here yet.";
        }

        var which = Line($"The last run that ended, run {run.RunId} due {At(run.DueAt)}, ");
        var cost = Line(
            $"after {Count(run.Attempts, "attempt")}, {Count(run.Calls, "call")} and {run.PromptTokens + run.CompletionTokens} tokens"
        );
        return which
            + verdict switch
            {
                "planned" => $"was planned by node {run.Owner} at {At(closedAt)} {cost}.",
                "empty" =>
                    $"was planned by node {run.Owner} at {At(closedAt)} {cost}: nothing needed to be done.",
                "failed" => $"failed at {At(closedAt)} as {run.Reason} {cost}.",
                "skipped" =>
                    $"was skipped at {At(closedAt)} as {run.Reason}: {(run.Detail ?? "no more is known").TrimEnd('.')}.",
                _ =>
                    $"was superseded at {At(closedAt)}: the mission was paused, deleted, rescheduled or run by a device meanwhile, and nothing was written.",
            };
    }
}
