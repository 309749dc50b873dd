using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ManaAi.Tests.ChangeLog;

/// <summary>JSON in one form for one value: keys sorted, numbers as doubles. Absent and null stay different.</summary>
internal static class CanonicalJson
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 1000 };

    public static string Of(ReadOnlyMemory<byte>? json)
    {
        if (json is not { } bytes)
        {
            return "null";
        }

        using var document = JsonDocument.Parse(bytes, Options);
        return Of(document.RootElement);
    }

    public static string Of(string json) => Of(Encoding.UTF8.GetBytes(json));

    public static string Of(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => Members(value),
            JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Of))}]",
            JsonValueKind.Number => value.GetDouble().ToString("R", CultureInfo.InvariantCulture),
            JsonValueKind.String => JsonSerializer.Serialize(value.GetString()),
            _ => value.GetRawText(),
        };

    private static string Members(JsonElement value)
    {
        var members = value
            .EnumerateObject()
            .OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member => $"{JsonSerializer.Serialize(member.Name)}:{Of(member.Value)}");
        return $"{{{string.Join(',', members)}}}";
    }
}
