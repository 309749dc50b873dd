using System.Text.Json;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Agents;

/// <summary>Turns a folded record into an <see cref="Agent"/>; what cannot be read is as if it were absent.</summary>
public static class AgentReader
{
    public static Agent Read(AgentId id, JsonElement record) =>
        new(id)
        {
            Name = record.Plaintext("name") is { Length: > 0 } name ? name : "Mana",
            Role = record.Plaintext("role"),
            SystemPrompt = record.Plaintext("systemPrompt"),
            Memory = record.Plaintext("memory"),
            State = record.Text("state") ?? "active",
            Policy = record.Object("policy") is { } policy ? ReadPolicy(policy) : ToolPolicy.ProposeAll,
        };

    private static ToolPolicy ReadPolicy(JsonElement policy) =>
        new(
            ReadDecisions(policy.Object("tools")),
            ReadDecisions(policy.Object("defaultsByModule")),
            Decision(policy.Text("defaultForAi")) ?? ToolDecision.Propose
        );

    private static Dictionary<string, ToolDecision> ReadDecisions(JsonElement? entries)
    {
        var decisions = new Dictionary<string, ToolDecision>(StringComparer.Ordinal);
        if (entries is { } found)
        {
            foreach (var entry in found.EnumerateObject())
            {
                if (
                    entry.Value.ValueKind == JsonValueKind.String
                    && Decision(entry.Value.GetString()) is { } decision
                )
                {
                    decisions[entry.Name] = decision;
                }
            }
        }

        return decisions;
    }

    private static ToolDecision? Decision(string? word) =>
        word switch
        {
            "auto" => ToolDecision.Auto,
            "propose" => ToolDecision.Propose,
            "deny" => ToolDecision.Deny,
            _ => null,
        };
}
