using ManaAi.Actors.Missions;
using ManaAi.Host.Dashboard.Wording;

namespace ManaAi.Host.Dashboard.Runs;

/// <summary>Words and colours for what becomes of runs.</summary>
public static class RunWords
{
    /// <summary>The colour of a verdict or an event.</summary>
    public static string LevelOf(string? kind) =>
        kind switch
        {
            "planned" or "empty" => "ok",
            "failed" => "bad",
            "claimed" or "asked" or "answered" => "busy",
            "answer-refused" or "waits" or "taken-over" or "skipped" => "warn",
            _ => "quiet",
        };

    /// <summary>planned, failed …, or claimed, waits or open for a run without a verdict.</summary>
    public static string StateOf(RunDetails run) =>
        run switch
        {
            { Verdict: { } verdict } => verdict,
            { LeaseUntil: not null } => "claimed",
            { WaitsFor: not null } => "waits",
            _ => "open",
        };

    /// <summary>The state and why, in one short text.</summary>
    public static string Told(Texts texts, RunDetails run)
    {
        var word = texts.Word("state", StateOf(run));
        var why = run.Verdict is null ? run.WaitsFor : run.Reason;
        return why is null ? word : $"{word}: {texts.Word("reason", why)}";
    }

    /// <summary>An event's detail. That of an end or of a wait begins with the reason, as the ledger names it.</summary>
    public static string Detail(Texts texts, string kind, string? detail)
    {
        if (
            texts.Language is Language.English
            || kind is not ("failed" or "skipped" or "superseded" or "waits")
        )
        {
            return texts.Told(detail);
        }

        var parts = (detail ?? "").Split(": ", 2);
        var reason = texts.Word("reason", parts[0]);
        return parts is [_, var rest] ? $"{reason}: {texts.Told(rest)}" : reason;
    }
}
