using System.Text.Json;
using ManaAi.Actors.Planning;

namespace ManaAi.Host.Commands.LlmStub;

/// <param name="Parameters">A JSON Schema, or null where the request does not say.</param>
/// <param name="Root">Where the schema's references lead.</param>
internal sealed record StubTool(string Name, JsonElement? Parameters, JsonElement Root);

/// <summary>Finds the tools that a request offers, wherever it says so.</summary>
internal static class StubTools
{
    private const string LineStart = "TOOL {";

    public static IReadOnlyList<StubTool> Of(StubPrompt prompt)
    {
        if (prompt.Functions.Count > 0)
        {
            return [.. prompt.Functions.Select(FromFunction).OfType<StubTool>()];
        }

        var lines = FromLines(prompt.SystemText).ToList();
        var schema = prompt.Schema is { } root ? FromSchema(root).ToList() : [];
        return schema.Count == 0 ? lines : schema.ConvertAll(tool => Completed(tool, lines));
    }

    private static StubTool? FromFunction(JsonElement function) =>
        function.Text("name") is { } name
            ? new StubTool(name, function.Member("parameters"), function.Member("parameters") ?? default)
            : null;

    // One tool a line, TOOL {"name": …, "parameters": {…}}. A line that is broken offers nothing.
    private static IEnumerable<StubTool> FromLines(string text)
    {
        foreach (
            var line in text.Split('\n').Where(line => line.StartsWith(LineStart, StringComparison.Ordinal))
        )
        {
            if (TryParse(line[(LineStart.Length - 1)..]) is { } tool && FromFunction(tool) is { } found)
            {
                yield return found;
            }
        }
    }

    // The steps' items are one shape for all tools (toolName is an enum), or one for each (anyOf, toolName is
    // a const).
    private static IEnumerable<StubTool> FromSchema(JsonElement root)
    {
        if (Property(root, "steps", root)?.Member("items") is not { } items)
        {
            return [];
        }

        items = Resolve(items, root);
        var shapes = items.Elements("anyOf").Concat(items.Elements("oneOf")).ToList();
        return (shapes.Count > 0 ? shapes : [items]).SelectMany(shape =>
            FromShape(Resolve(shape, root), root)
        );
    }

    private static IEnumerable<StubTool> FromShape(JsonElement shape, JsonElement root)
    {
        var name = Property(shape, "toolName", root);
        var parameters = Property(shape, "params", root);
        return Names(name)
            .Select(one => new StubTool(
                one,
                parameters?.Member("properties") is null ? null : parameters,
                root
            ));
    }

    private static IEnumerable<string> Names(JsonElement? toolName) =>
        toolName?.Text("const") is { } single
            ? [single]
            : (toolName?.Elements("enum") ?? [])
                .Where(one => one.ValueKind == JsonValueKind.String)
                .Select(one => one.GetString()!);

    private static StubTool Completed(StubTool tool, List<StubTool> lines) =>
        tool.Parameters is null
            ? lines.Find(line => string.Equals(line.Name, tool.Name, StringComparison.Ordinal)) ?? tool
            : tool;

    private static JsonElement? Property(JsonElement schema, string name, JsonElement root) =>
        schema.Member("properties")?.Member(name) is { } property ? Resolve(property, root) : null;

    /// <summary>Follows <c>$ref: "#/…"</c>; a reference that leads nowhere allows anything.</summary>
    public static JsonElement Resolve(JsonElement schema, JsonElement root)
    {
        // A few hops: a schema that refers to itself must not turn into a circle.
        for (var hops = 0; hops < 8 && schema.Text("$ref") is { } reference; hops++)
        {
            JsonElement? target = root;
            foreach (var part in reference.Split('/').Skip(1))
            {
                target = target?.Member(part);
            }

            schema = target ?? default;
        }

        return schema;
    }

    private static JsonElement? TryParse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
