using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Tests.ChangeLog;

/// <summary>A stream of rows, and the records that the device shows after it: made by running the device's code.</summary>
internal sealed record Vector(
    string Name,
    bool IsQuirk,
    JsonObject[] Rows,
    int[] Dropped,
    JsonObject Expected
)
{
    private static readonly Lazy<Dictionary<string, Vector>> File = new(() =>
        Read().ToDictionary(vector => vector.Name, StringComparer.Ordinal)
    );

    public static IReadOnlyCollection<Vector> All => File.Value.Values;

    public static Vector Named(string name) => File.Value[name];

    public LogGeneration Generation =>
        Name.EndsWith("/g1", StringComparison.Ordinal) ? LogGeneration.One : LogGeneration.Two;

    /// <summary>What is expected of a record, in the form in which it is compared; null twice for none.</summary>
    public (string Record, string FieldTimes) ExpectedOf(string recordId)
    {
        if (Expected[recordId] is not JsonObject expected)
        {
            return ("null", "null");
        }

        return (
            CanonicalJson.Of(expected["record"]!.ToJsonString()),
            CanonicalJson.Of(expected["fieldTimes"]!.ToJsonString())
        );
    }

    private static IEnumerable<Vector> Read()
    {
        var json = System.IO.File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "lww.json"));
        foreach (var vector in JsonNode.Parse(json)!.AsArray().Select(node => node!.AsObject()))
        {
            yield return new Vector(
                vector["name"]!.GetValue<string>(),
                vector["tags"]!.AsArray().Any(tag => tag!.GetValue<string>() == "quirk"),
                [.. vector["rows"]!.AsArray().Select(row => row!.AsObject())],
                vector["dropped"].Deserialize<int[]>() ?? [],
                vector["expected"]!.AsObject()
            );
        }
    }
}
