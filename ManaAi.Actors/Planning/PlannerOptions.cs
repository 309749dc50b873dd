namespace ManaAi.Actors.Planning;

/// <summary>What a plan is asked with.</summary>
public sealed record PlannerOptions
{
    /// <summary>MANA_LLM_MODEL; null takes what fits the generation of the log.</summary>
    public string? Model { get; init; }

    /// <summary>MANA_LLM_TEMPERATURE.</summary>
    public double Temperature { get; init; } = 0.3;

    /// <summary>PLANNER_MODE; null (auto) takes what fits the generation of the log.</summary>
    public PlanMode? Mode { get; init; }

    /// <summary>True: folds and finds, and neither calls nor writes (DRY_RUN).</summary>
    public bool IsDryRun { get; init; }

    public string ModelFor(ChangeLog.LogGeneration generation) =>
        Model ?? (generation == ChangeLog.LogGeneration.One ? "gpt-4o-mini" : "mana/reasoning");

    /// <summary>mana-llm of generation 1 has no tools (PROTOCOL 8).</summary>
    public PlanMode ModeFor(ChangeLog.LogGeneration generation) =>
        Mode ?? (generation == ChangeLog.LogGeneration.One ? PlanMode.Json : PlanMode.Tools);
}
