using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ManaAi.Tests.ChangeLog;

/// <summary>JSON as it comes back from a jsonb column: the last of equal keys, keys sorted, exponents written out.</summary>
internal static class JsonbText
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 1000 };
    private static readonly JsonSerializerOptions Texts = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static ReadOnlyMemory<byte>? Of(ReadOnlyMemory<byte>? json)
    {
        if (json is not { } bytes)
        {
            return null;
        }

        using var document = JsonDocument.Parse(bytes, Options);
        return Encoding.UTF8.GetBytes(Of(document.RootElement));
    }

    private static string Of(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => Members(value),
            JsonValueKind.Array => $"[{string.Join(", ", value.EnumerateArray().Select(Of))}]",
            JsonValueKind.Number => Number(value.GetRawText()),
            JsonValueKind.String => Text(value.GetString()!),
            _ => value.GetRawText(),
        };

    private static string Members(JsonElement value)
    {
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            members[member.Name] = member.Value;
        }

        // jsonb sorts by length first.
        var sorted = members
            .OrderBy(member => Encoding.UTF8.GetByteCount(member.Key))
            .ThenBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => $"{Text(member.Key)}: {Of(member.Value)}");
        return $"{{{string.Join(", ", sorted)}}}";
    }

    private static string Text(string text) => JsonSerializer.Serialize(text, Texts);

    private static string Number(string text)
    {
        var exponentAt = text.IndexOfAny(['e', 'E']);
        if (exponentAt < 0)
        {
            return text;
        }

        var exponent = int.Parse(text[(exponentAt + 1)..], CultureInfo.InvariantCulture);
        var mantissa = text[..exponentAt];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var scale = (point < 0 ? 0 : mantissa.Length - point - 1) - exponent;
        var digits = BigInteger.Parse(
            mantissa.Replace(".", "", StringComparison.Ordinal),
            CultureInfo.InvariantCulture
        );
        if (scale <= 0)
        {
            return (digits * BigInteger.Pow(10, -scale)).ToString(CultureInfo.InvariantCulture);
        }

        var padded = BigInteger.Abs(digits).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        return $"{(digits.Sign < 0 ? "-" : "")}{padded[..^scale]}.{padded[^scale..]}";
    }
}
