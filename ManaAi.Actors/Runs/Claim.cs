using System.Diagnostics;
using ManaAi.Actors.Agents;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Runs;

/// <summary>A node's right to one occurrence, until its lease runs out or a higher epoch takes it.</summary>
/// <param name="Attempt">This attempt, the first is 1; counted before the work.</param>
/// <param name="Calls">Calls to the LLM counted for this occurrence before this claim.</param>
/// <param name="Answers">Answers kept by an earlier claim, as a JSON array in UTF-8.</param>
/// <param name="MissionRecord">The folded record as it stood at the claim, JSON in UTF-8.</param>
/// <param name="ClaimedAt">The database's clock.</param>
/// <param name="RateLimitedSince">Since when it waits for its model, which mana-llm answers with 429.</param>
/// <param name="IsTakeover">An earlier claim's lease ran out.</param>
public sealed record Claim(
    long RunId,
    Occurrence Occurrence,
    long Epoch,
    int Attempt,
    int Calls,
    ReadOnlyMemory<byte> Answers,
    ReadOnlyMemory<byte> MissionRecord,
    ReadOnlyMemory<byte>? AgentRecord,
    DateTimeOffset ClaimedAt,
    DateTimeOffset? RateLimitedSince,
    bool IsTakeover
)
{
    public MissionKey Mission => Occurrence.Mission;

    /// <summary>The agent that it runs for; null without one, or with one that is not known.</summary>
    public string? AgentId { get; init; }

    /// <summary>That agent's budget: tokens in a rolling day, null without a limit.</summary>
    public long? AgentTokensPerDay { get; init; }

    /// <summary>An operator asked for it: nextRunAt has no say in it, and a future one stays where it is.</summary>
    public bool IsManual { get; init; }

    /// <summary>Nobody has claimed it before: what was given back since counts as no attempt, and was begun all the same.</summary>
    public bool IsFirst { get; init; }

    /// <summary>An operator wants it now, also where it was due already.</summary>
    public bool IsHurried { get; init; }

    /// <summary>Its cadence was written after its nextRunAt, which then tells nothing of the user's zone.</summary>
    public bool IsCadenceNewer { get; init; }

    /// <summary>The one claim that a half open breaker let through.</summary>
    public bool IsProbe { get; init; }

    /// <summary>Its first call was counted with the claim, and is not among <see cref="Calls"/>.</summary>
    public bool IsCallCounted { get; init; }

    /// <summary>The span of the tick that opened it, where that is traced.</summary>
    public string? OpenedBy { get; init; }

    /// <summary>The span of this claim, which plan and write-back belong to; nothing where it is not traced.</summary>
    public ActivityContext Span { get; init; }

    /// <summary>Claimed while its model is held, since it has waited for longer than it may.</summary>
    public bool IsWaitedOut { get; init; }
}

/// <summary>What one round of claiming gave, and what stood in its way.</summary>
public sealed record ClaimRound(IReadOnlyList<Claim> Claims, GateReading Gate)
{
    /// <summary>Some whose turn it was have nothing to claim before later: those who come after them may.</summary>
    public bool HasPassedOver { get; init; }
}

/// <summary>Which process of this service; rows name it, logs show it.</summary>
public sealed record NodeId(string Value)
{
    /// <summary>The host's name and a random tail, so that a restart is another node.</summary>
    public static NodeId Create(string hostName, Random random) => new($"{hostName}-{random.Next():x8}");

    public override string ToString() => Value;
}
