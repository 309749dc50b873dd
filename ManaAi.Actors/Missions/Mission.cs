namespace ManaAi.Actors.Missions;

/// <summary>A mission as planning reads it: the parts of the folded record that decide, parsed once.</summary>
/// <remarks>Source: PROTOCOL 3. A text that is ciphertext (`enc:1:`) is left out: it is null here.</remarks>
public sealed record Mission(MissionKey Key)
{
    public string? Title { get; init; }

    public required string Objective { get; init; }

    public string? ConceptMarkdown { get; init; }

    public required Cadence Cadence { get; init; }

    public AgentId? AgentId { get; init; }

    /// <summary>The mission's own zone (a tzdb name), where a device wrote one.</summary>
    public string? TimeZone { get; init; }

    public string? SpaceId { get; init; }

    /// <summary>Newest last, as the device keeps them.</summary>
    public IReadOnlyList<Iteration> Iterations { get; init; } = [];

    /// <summary>How long they are as JSON: every write-back carries all of them.</summary>
    public int IterationsBytes { get; init; }
}

/// <summary>One earlier pass over the mission, as far as the prompt and the guards read it.</summary>
public sealed record Iteration(string Id)
{
    public string? StartedAt { get; init; }

    public string? FinishedAt { get; init; }

    public string? Summary { get; init; }

    public string? UserFeedback { get; init; }

    /// <summary>running | awaiting-review | approved | rejected | failed, or what else a device wrote.</summary>
    public string? OverallStatus { get; init; }

    /// <summary>browser or server; absent means browser.</summary>
    public string? Source { get; init; }

    public IReadOnlyList<IterationStep> Steps { get; init; } = [];
}

/// <summary>A step of an earlier iteration and what the user made of it.</summary>
public sealed record IterationStep(string? Summary, string? ToolName, string? Status);
