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
}
