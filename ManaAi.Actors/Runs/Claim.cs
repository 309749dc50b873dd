using ManaAi.Actors.Agents;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Runs;

/// <summary>A node's right to one occurrence, until its lease runs out or a higher epoch takes it.</summary>
/// <param name="Attempt">This attempt, the first is 1; counted before the work.</param>
/// <param name="Calls">Calls to the LLM counted for this occurrence before this claim.</param>
/// <param name="Answers">Answers kept by an earlier claim, as a JSON array in UTF-8.</param>
/// <param name="MissionRecord">The folded record as it stood at the claim, JSON in UTF-8.</param>
/// <param name="ClaimedAt">The database's clock.</param>
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
}

/// <summary>Which process of this service; rows name it, logs show it.</summary>
public sealed record NodeId(string Value)
{
    /// <summary>The host's name and a random tail, so that a restart is another node.</summary>
    public static NodeId Create(string hostName, Random random) => new($"{hostName}-{random.Next():x8}");

    public override string ToString() => Value;
}
