using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>What one attempt at a plan has to go by, and the calls that it has counted.</summary>
/// <remarks>
/// Answers are continued in the mode in which they were asked for, whatever would be chosen now. Where a model gave up
/// tools between two answers, the last one says in which mode it goes on, and those of the other are left out.
/// </remarks>
internal sealed class Attempt(Claim claim, string model, PromptInput input, IReadOnlyList<KeptAnswer> kept)
{
    public Claim Claim { get; set; } = claim;

    public string Model => model;

    public string AgentId => input.Agent?.Id.Value ?? "none";

    public string ToolsHash { get; } = ToolCatalog.ListHash(input.Offered);

    /// <summary>By which mode its calls are bounded: one that began with tools keeps their bound when it gives them up.</summary>
    public PlanMode BoundedAs { get; } =
        kept.Any(answer => answer.Mode == PlanMode.Tools) ? PlanMode.Tools : ModeOf(input, kept);

    /// <summary>The dialogue as far as the kept answers take it; they may have said all.</summary>
    public (PlanDialogue Dialogue, Verdict? Verdict) Resumed { get; } = Resume(input, kept);

    /// <summary>Calls counted for this attempt.</summary>
    public int Calls { get; set; }

    /// <summary>Tokens that this attempt's answers took, as the server counted them.</summary>
    public LlmUsage Usage { get; set; } = LlmUsage.None;

    /// <summary>Answers that the ledger keeps for this run.</summary>
    public int Kept { get; set; } = kept.Count;

    /// <summary>Why the last answer was no plan; the ledger notes it with the next call.</summary>
    public string? Refusal { get; set; }

    /// <summary>The model was told that its budget is nearly used up.</summary>
    public bool IsWarned { get; set; }

    public PlanDialogue Begin(PlanMode mode) => Begin(input, mode);

    /// <summary>A call's tool for the metrics: models invent names, and a label must not grow with them.</summary>
    public static string NameOf(ToolCall call) =>
        ToolCatalog.Embedded.Tools.Any(tool => IsOf(call, tool)) ? call.Name : "unknown";

    /// <summary>What is not offered is denied, be it by the agent or because there is no such tool.</summary>
    public string PolicyOf(ToolCall call) => input.Offered.Any(tool => IsOf(call, tool)) ? "propose" : "deny";

    private static PlanDialogue Begin(PromptInput input, PlanMode mode) =>
        PlanDialogue.Begin(input with { Mode = mode });

    private static (PlanDialogue Dialogue, Verdict? Verdict) Resume(
        PromptInput input,
        IReadOnlyList<KeptAnswer> kept
    )
    {
        var mode = ModeOf(input, kept);
        var dialogue = Begin(input, mode);
        foreach (var answer in kept.Where(answer => answer.Mode == mode))
        {
            if (dialogue.Take(answer) is DialogueTurn.Final final)
            {
                return (dialogue, final.Verdict);
            }
        }

        return (dialogue, null);
    }

    private static PlanMode ModeOf(PromptInput input, IReadOnlyList<KeptAnswer> kept) =>
        kept.Count > 0 ? kept[^1].Mode : input.Mode;

    private static bool IsOf(ToolCall call, Tool tool) =>
        string.Equals(call.Name, tool.Name, StringComparison.Ordinal);
}
