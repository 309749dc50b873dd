using System.Text.Json;
using System.Text.RegularExpressions;
using ManaAi.Actors.Planning;

namespace ManaAi.Host.Commands.LlmStub;

/// <param name="parameters">Asked for once, and only of the few tools that a plan names.</param>
/// <param name="root">Where the schema's references lead; null where it is its own.</param>
internal sealed class StubTool(string name, Func<JsonElement?> parameters, JsonElement? root = null)
{
    private readonly Lazy<JsonElement?> _parameters = new(parameters);

    public string Name => name;

    /// <summary>A JSON Schema, or null where the request does not say.</summary>
    public JsonElement? Parameters => _parameters.Value;

    public JsonElement Root => root ?? Parameters ?? default;
}

/// <summary>Finds the tools that a request offers, wherever it says so.</summary>
internal static partial class StubTools
{
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
        function.Text("name") is { } name ? new StubTool(name, () => function.Member("parameters")) : null;

    // As the prompt lists them: `- name: what it does. Parameters: a (string, required); b (string, one of "x", "y").`
    private static IEnumerable<StubTool> FromLines(string text)
    {
        foreach (var groups in ToolLine().Matches(text).Select(line => line.Groups))
        {
            yield return new StubTool(groups["name"].Value, () => Schema(groups["parameters"].Value));
        }
    }

    private static JsonElement Schema(string parameters)
    {
        var matches = Parameter().Matches(parameters);
        return JsonSerializer.SerializeToElement(
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["type"] = "object",
                ["properties"] = matches.ToDictionary(
                    match => match.Groups["name"].Value,
                    SchemaOf,
                    StringComparer.Ordinal
                ),
                ["required"] = matches
                    .Where(match => match.Groups["required"].Success)
                    .Select(match => match.Groups["name"].Value),
            }
        );
    }

    private static Dictionary<string, object> SchemaOf(Match parameter)
    {
        var property = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["type"] = parameter.Groups["type"].Value,
        };
        if (parameter.Groups["value"] is { Success: true } values)
        {
            property["enum"] = values.Captures.Select(value => value.Value);
        }

        return property;
    }

    [GeneratedRegex(
        """^- (?<name>\w+): .*?(?:Parameters: (?<parameters>.*)\.|No parameters\.)$""",
        RegexOptions.Multiline | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex ToolLine();

    [GeneratedRegex(
        """(?<name>\w+) \((?<type>\w+)(?<required>, required)?(?:, one of (?:"(?<value>[^"]*)"(?:, )?)+)?\)""",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Parameter();

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
                () => parameters?.Member("properties") is null ? null : parameters,
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
}
