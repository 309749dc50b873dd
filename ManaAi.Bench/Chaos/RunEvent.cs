namespace ManaAi.Bench.Chaos;

/// <summary>One row of mana_ai.events that belongs to a run.</summary>
internal sealed record RunEvent(
    long RunId,
    string Kind,
    DateTimeOffset At,
    long Epoch,
    string? Node,
    string? Detail
)
{
    /// <summary>From now on a node holds the run.</summary>
    public bool IsClaim => Kind is "claimed" or "taken-over";

    /// <summary>From now on none does.</summary>
    public bool IsRelease => IsVerdict || Kind is "waits" or "handed-back" or "reopened";

    public bool IsVerdict => Kind is "planned" or "empty" or "failed" or "skipped" or "superseded";
}
