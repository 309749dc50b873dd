using ManaAi.Actors.Missions;
using static ManaAi.Actors.Explanations.WhyText;

namespace ManaAi.Actors.Explanations;

/// <summary>What has happened to a mission's runs, in sentences. Pure.</summary>
internal static class WhyHistory
{
    public static string Claimed(RunDetails run, WhyFacts facts, WhyLimits limits, WhyWords words)
    {
        var since = run.ClaimedAt ?? facts.Now;
        var (span, calls) = (words.Span(facts.Now - since), words.Calls(run.Calls));
        var max = limits.Runs.AttemptsMax;
        var until = At(run.LeaseUntil ?? facts.Now);
        return words.Of(
            $"Run {run.RunId} is claimed by node {run.Owner} since {At(since)} ({span}): attempt {run.Attempts} of {max}, {calls} so far; the claim lives until {until} unless it is renewed.",
            $"Lauf {run.RunId} ist seit {At(since)} ({span}) von Knoten {run.Owner} angenommen: Versuch {run.Attempts} von {max}, bisher {calls}; das gilt bis {until}, wenn der Knoten es nicht verlängert."
        );
    }

    public static string Open(RunDetails run, WhyFacts facts, WhyWords words)
    {
        var at = At(run.OpenedAt);
        var begun = run switch
        {
            { RetryOf: { } failed } => words.Of(
                $"Run {run.RunId} was asked for at {at}, to repeat run {failed}",
                $"Lauf {run.RunId} wurde um {at} angefordert und wiederholt Lauf {failed}"
            ),
            { Kind: "manual" } => words.Of(
                $"Run {run.RunId} was asked for at {at}",
                $"Lauf {run.RunId} wurde um {at} angefordert"
            ),
            _ => words.Of(
                $"Run {run.RunId} is open since {at} ({words.Span(facts.Now - run.OpenedAt)})",
                $"Lauf {run.RunId} ist seit {at} offen ({words.Span(facts.Now - run.OpenedAt)})"
            ),
        };
        if (run.Attempts == 0)
        {
            return words.Of($"{begun}; no attempt has been made.", $"{begun}; noch gab es keinen Versuch.");
        }

        var node = run.Owner is { } owner
            ? words.Of($", the last on node {owner}", $", zuletzt auf Knoten {owner}")
            : "";
        var (attempts, calls) = (words.Attempts(run.Attempts), words.Calls(run.Calls));
        return words.Of(
            $"{begun}; {attempts} and {calls} so far{node}.",
            $"{begun}; bisher {attempts} und {calls}{node}."
        );
    }

    public static string Last(WhyFacts facts, WhyWords words)
    {
        if (facts.Last is not { Verdict: { } verdict, ClosedAt: { } closedAt } run)
        {
            return words.Pick(
                "None of its runs has ended here yet.",
                "Hier ist noch keiner ihrer Läufe zu Ende gegangen."
            );
        }

        var which = words.Of(
            $"The last run that ended, run {run.RunId} due {At(run.DueAt)}, ",
            $"Der letzte Lauf, der zu Ende ging, Lauf {run.RunId}, fällig {At(run.DueAt)}, "
        );
        return which + Ended(run, verdict, At(closedAt), words);
    }

    private static string Ended(RunDetails run, string verdict, string at, WhyWords words)
    {
        var (attempts, calls) = (words.Attempts(run.Attempts), words.Calls(run.Calls));
        var tokens = run.PromptTokens + run.CompletionTokens;
        var cost = words.Of(
            $"after {attempts}, {calls} and {tokens} tokens",
            $"({attempts}, {calls}, {tokens:#,0} Token)"
        );
        return verdict switch
        {
            "planned" => words.Of(
                $"was planned by node {run.Owner} at {at} {cost}.",
                $"wurde um {at} von Knoten {run.Owner} geplant {cost}."
            ),
            "empty" => words.Of(
                $"was planned by node {run.Owner} at {at} {cost}: nothing needed to be done.",
                $"wurde um {at} von Knoten {run.Owner} geplant {cost}: es war nichts zu tun."
            ),
            "failed" => words.Of(
                $"failed at {at} as {run.Reason} {cost}.",
                $"scheiterte um {at} an {run.Reason} {cost}."
            ),
            "skipped" => words.Of(
                $"was skipped at {at} as {run.Reason}: {(run.Detail ?? "no more is known").TrimEnd('.')}.",
                $"wurde um {at} übergangen ({run.Reason}): {(LedgerText.In(words, run.Detail) ?? "mehr ist nicht bekannt").TrimEnd('.')}."
            ),
            _ => words.Of(
                $"was superseded at {at}: the mission was paused, deleted, rescheduled or run by a device meanwhile, and nothing was written.",
                $"wurde um {at} überholt: die Mission wurde inzwischen pausiert, gelöscht, verlegt oder von einem Gerät ausgeführt, und nichts wurde geschrieben."
            ),
        };
    }
}
