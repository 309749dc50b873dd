using System.Text.Json;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Agents;

/// <summary>What of an agent's record is queried, and therefore stands in columns of its own.</summary>
public sealed record AgentState(
    string? Name,
    string? State,
    int? MaxConcurrentMissions,
    long? MaxTokensPerDay,
    bool IsDeleted
)
{
    internal const int ConcurrentMissionsMax = int.MaxValue;

    // Far above any budget, and still with room to be added to.
    internal const long TokensMax = 1L << 61;

    public static AgentState Of(RecordFold fold) =>
        new(
            fold.Text("name"),
            fold.Text("state"),
            (int?)Number(fold, "maxConcurrentMissions", ConcurrentMissionsMax),
            Number(fold, "maxTokensPerDay", TokensMax),
            !fold.Exists || MissionState.IsDeletedRecord(fold)
        );

    private static long? Number(RecordFold fold, string name, long max)
    {
        if (fold[name] is not { } json)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json.Span);
        return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value)
            ? Whole(value, max)
            : null;
    }

    /// <summary>A number of 0 or more, cut to a whole one within the range; null for any other.</summary>
    internal static long? Whole(double value, long max) => value >= 0 ? (long)Math.Min(value, max) : null;
}
