using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.Planning;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary>Makes values that fit a JSON Schema: all that is required, and now and then what is optional.</summary>
internal sealed class StubValues(StubDice dice, JsonElement root)
{
    // From here on only what is required, and much deeper nothing: schemas may refer to themselves.
    private const int DepthMax = 8;

    // A fixed day, so that the same prompt gives the same plan tomorrow.
    private static readonly DateTimeOffset _day = new(2030, 1, 1, 9, 0, 0, TimeSpan.Zero);

    /// <summary>An object; the caller's own members come first, and are not made up.</summary>
    public JsonObject Object(
        JsonElement? schema,
        IReadOnlyDictionary<string, string>? given = null,
        int depth = 0
    )
    {
        var made = new JsonObject();
        var required =
            schema?.Elements("required").Select(name => name.GetString()).ToHashSet(StringComparer.Ordinal)
            ?? [];
        var properties = schema?.Member("properties");
        foreach (var property in properties?.EnumerateObject() ?? default)
        {
            if (given?.GetValueOrDefault(property.Name) is { } text)
            {
                made[property.Name] = text;
            }
            else if (required.Contains(property.Name) || (depth < DepthMax && dice.Below(3) == 0))
            {
                made[property.Name] = Value(property.Name, property.Value, depth + 1);
            }
        }

        return made;
    }

    private JsonNode? Value(string name, JsonElement declared, int depth)
    {
        if (depth > 4 * DepthMax)
        {
            return null;
        }

        var schema = StubTools.Resolve(declared, root);
        if (schema.Member("const") is { } single)
        {
            return JsonNode.Parse(single.GetRawText());
        }

        if (Pick(schema.Elements("enum")) is { } allowed)
        {
            return JsonNode.Parse(allowed.GetRawText());
        }

        // An optional member of a strict schema is "anyOf: this, or null".
        if (Pick(schema.Elements("anyOf").Concat(schema.Elements("oneOf")).Where(IsNotNull)) is { } variant)
        {
            return Value(name, variant, depth + 1);
        }

        return OfType(name, Type(schema), schema, depth);
    }

    private JsonNode OfType(string name, string type, JsonElement schema, int depth) =>
        type switch
        {
            "boolean" => dice.Below(2) == 0,
            "integer" or "number" => Number(schema),
            "array" => Array(name, schema, depth),
            "object" => Object(schema, given: null, depth),
            _ => Text(name, schema),
        };

    private JsonElement? Pick(IEnumerable<JsonElement> choices)
    {
        var all = choices.Where(choice => choice.ValueKind != JsonValueKind.Null).ToList();
        return all.Count == 0 ? null : all[dice.Below(all.Count)];
    }

    private static bool IsNotNull(JsonElement schema) => schema.Text("type") is not "null";

    private static string Type(JsonElement schema) =>
        schema.Text("type")
        ?? schema.Elements("type").Select(type => type.GetString()).FirstOrDefault(type => type is not "null")
        ?? (schema.Member("properties") is null ? "string" : "object");

    private JsonNode Number(JsonElement schema)
    {
        var least = Bound(schema, "minimum") ?? Math.Min(1, Bound(schema, "maximum") ?? 1);
        var most = Math.Max(least, Bound(schema, "maximum") ?? least + 9);
        return least + dice.Below((int)Math.Min(most - least, 9) + 1);
    }

    private static long? Bound(JsonElement schema, string name) =>
        schema.Member(name) is { ValueKind: JsonValueKind.Number } bound
            ? (long)Math.Clamp(bound.GetDouble(), -1e9, 1e9)
            : null;

    private JsonArray Array(string name, JsonElement schema, int depth)
    {
        var count = Math.Clamp(Bound(schema, "minItems") ?? 1, depth < DepthMax ? 1 : 0, 20);
        var items = schema.Member("items") ?? default;
        return [.. Enumerable.Range(0, (int)count).Select(_ => Value(name, items, depth + 1))];
    }

    private string Text(string name, JsonElement schema)
    {
        var number = dice.Below(1000);
        var moment = _day.AddDays(number % 365);
        var text = (schema.Text("format"), name) switch
        {
            ("date", _) => Format(moment, "yyyy-MM-dd"),
            ("date-time", _) => Format(moment, "yyyy-MM-ddTHH:mm:ssZ"),
            ("uuid", _) => $"00000000-0000-4000-8000-{number:D12}",
            ("uri" or "url", _) => $"https://example.org/{number}",
            ("email", _) => $"someone-{number}@example.org",
            (_, var date) when date.EndsWith("Date", StringComparison.OrdinalIgnoreCase) => Format(
                moment,
                "yyyy-MM-dd"
            ),
            (_, "endTime") => Format(moment.AddHours(1), "yyyy-MM-ddTHH:mm:ssZ"),
            (_, var time) when time.EndsWith("Time", StringComparison.Ordinal) => Format(
                moment,
                "yyyy-MM-ddTHH:mm:ssZ"
            ),
            (_, var url) when url.EndsWith("url", StringComparison.OrdinalIgnoreCase) =>
                $"https://example.org/{number}",
            _ => $"{name} {number} (stand-in)",
        };
        return Fit(text, schema);
    }

    private static string Fit(string text, JsonElement schema)
    {
        var padded = text.PadRight((int)Math.Clamp(Bound(schema, "minLength") ?? 0, 0, 10_000), '.');
        var most = Bound(schema, "maxLength") ?? padded.Length;
        return padded[..(int)Math.Clamp(most, 0, padded.Length)];
    }

    private static string Format(DateTimeOffset moment, string format) =>
        moment.ToString(format, CultureInfo.InvariantCulture);
}
