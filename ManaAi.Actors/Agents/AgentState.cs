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
    public static AgentState Of(RecordFold fold) =>
        new(
            fold.Text("name"),
            fold.Text("state"),
            (int?)Number(fold, "maxConcurrentMissions", int.MaxValue),
            Number(fold, "maxTokensPerDay", long.MaxValue / 4),
            !fold.Exists || MissionState.IsDeletedRecord(fold)
        );

    /// <summary>A number of 0 or more, cut to a whole one within the range; null where there is none.</summary>
    private static long? Number(RecordFold fold, string name, long max)
    {
        if (fold[name] is not { } json)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json.Span);
        return
            reader.Read()
            && reader.TokenType == JsonTokenType.Number
            && reader.TryGetDouble(out var value)
            && value >= 0
            ? (long)Math.Min(value, max)
            : null;
    }
}
