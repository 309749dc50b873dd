using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>A plan that was accepted whole: 0 to 5 steps, each within the schema of its tool.</summary>
public sealed record Plan(string? Summary, IReadOnlyList<PlannedStep> Steps)
{
    public const int StepsMax = 5;
}

/// <param name="Params">A JSON object that fits the tool's parameters.</param>
/// <param name="Rationale">Why the model proposes it, in the mission's language.</param>
public sealed record PlannedStep(string Summary, string ToolName, JsonElement Params, string Rationale);

/// <summary>What the model's answer turned out to be.</summary>
public abstract record PlanReply
{
    private PlanReply() { } // Closed: only the cases below can exist.

    public sealed record Accepted(Plan Plan) : PlanReply;

    /// <param name="Sentence">What is wrong, in words that the model can act on.</param>
    public sealed record Refused(string Sentence) : PlanReply;
}
