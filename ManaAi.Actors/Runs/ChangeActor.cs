using System.Text.Json;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Planning;

namespace ManaAi.Actors.Runs;

/// <summary>Who a row says it is from: its actor as JSON, and its origin (PROTOCOL 4 and 5).</summary>
public sealed record ChangeActor(string Json, string Origin)
{
    private const string DefaultPrincipal = "legacy:ai-default";
    private const string DefaultName = "Mana";

    /// <summary>The actor of a row that carries an iteration.</summary>
    public static ChangeActor OfIteration(
        LogGeneration generation,
        Agent? agent,
        Occurrence occurrence,
        Plan? plan
    )
    {
        if (generation == LogGeneration.One)
        {
            return new(SystemOfGenerationOne, "agent");
        }

        var actor = new
        {
            kind = "ai",
            principalId = agent?.Id.Value ?? DefaultPrincipal,
            displayName = agent?.Name ?? DefaultName,
            missionId = occurrence.Mission.MissionId.Value,
            iterationId = occurrence.IterationId.ToString(),
            rationale = RationaleOf(plan),
        };
        return new(JsonSerializer.Serialize(actor), "agent");
    }

    /// <summary>The actor of a row that only moves the schedule.</summary>
    public static ChangeActor OfSchedule(LogGeneration generation) =>
        generation == LogGeneration.One
            ? new(SystemOfGenerationOne, "system")
            : new(
                """{"kind":"system","principalId":"system:mission-runner","displayName":"Mana"}""",
                "system"
            );

    private static string SystemOfGenerationOne => """{"kind":"system","source":"mission-runner"}""";

    private static string RationaleOf(Plan? plan) =>
        plan is null ? "" : plan.Summary ?? string.Join(" ", plan.Steps.Select(step => step.Rationale));
}
