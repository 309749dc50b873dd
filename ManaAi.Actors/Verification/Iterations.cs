using System.Text;
using System.Text.Json;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Verification;

/// <summary>What a record's `iterations` hold. Pure.</summary>
internal static class Iterations
{
    /// <summary>Cheaply: whether the id's text is anywhere in it.</summary>
    public static bool MayHold(ReadOnlyMemory<byte> json, Guid iterationId) =>
        json.Span.IndexOf(Encoding.ASCII.GetBytes(iterationId.ToString())) >= 0;

    /// <summary>How often each id is in an array of iterations; nothing where it is no array.</summary>
    public static Dictionary<string, int> Count(ReadOnlyMemory<byte>? json)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        if (json is not { } bytes)
        {
            return counts;
        }

        using var document = JsonDocument.Parse(bytes, RecordJson.Options);
        if (document.RootElement.ValueKind == JsonValueKind.Array)
        {
            foreach (var iteration in document.RootElement.EnumerateArray())
            {
                if (iteration.Text("id") is { } id)
                {
                    counts[id] = counts.GetValueOrDefault(id) + 1;
                }
            }
        }

        return counts;
    }

    /// <summary>The same of a stored record.</summary>
    public static Dictionary<string, int> CountIn(ProjectedRecord? record) =>
        record?.Stored.Record is { } json
        && ChangeLog.ChangeDecoder.ReadData(json) is { } fields
        && fields.TryGetValue("iterations", out var iterations)
            ? Count(iterations)
            : [];
}
