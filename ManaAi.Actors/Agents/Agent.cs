using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Agents;

/// <summary>An agent as planning reads it (PROTOCOL 6). Ciphertext texts are null here.</summary>
public sealed record Agent(AgentId Id)
{
    public required string Name { get; init; }

    public string? Role { get; init; }

    public string? SystemPrompt { get; init; }

    public string? Memory { get; init; }

    /// <summary>active | paused | archived.</summary>
    public string State { get; init; } = "active";

    public int MaxConcurrentMissions { get; init; } = 1;

    /// <summary>Tokens in a rolling day; null is no limit, 0 never runs.</summary>
    public long? MaxTokensPerDay { get; init; }

    public ToolPolicy Policy { get; init; } = ToolPolicy.ProposeAll;
}

/// <summary>What an agent may do with a tool: the tool's entry decides, else its module's, else the default.</summary>
public sealed record ToolPolicy(
    IReadOnlyDictionary<string, ToolDecision> Tools,
    IReadOnlyDictionary<string, ToolDecision> DefaultsByModule,
    ToolDecision DefaultForAi
)
{
    public static ToolPolicy ProposeAll { get; } =
        new(
            new Dictionary<string, ToolDecision>(StringComparer.Ordinal),
            new Dictionary<string, ToolDecision>(StringComparer.Ordinal),
            ToolDecision.Propose
        );

    public ToolDecision Decide(string toolName, string module)
    {
        if (Tools.TryGetValue(toolName, out var own))
        {
            return own;
        }

        return DefaultsByModule.TryGetValue(module, out var byModule) ? byModule : DefaultForAi;
    }
}

/// <summary>What becomes of a proposal for a tool; a denied tool is not offered to the model.</summary>
public enum ToolDecision
{
    Propose,
    Auto,
    Deny,
}
