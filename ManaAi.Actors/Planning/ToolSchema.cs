using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ManaAi.Actors.Planning;

/// <summary>A tool as native function calling wants it.</summary>
/// <remarks>
/// A step needs a summary and a rationale, which no device tool has a parameter for. They travel as two more
/// arguments whose names begin with an underscore, as no device parameter does, so that they can be taken out
/// again and what is left is exactly what the device knows.
/// </remarks>
public static class ToolSchema
{
    public const string SummaryName = "_summary";
    public const string RationaleName = "_rationale";

    // The catalog's tools are offered to every mission, and written into every ledger row as a hash of this.
    private static readonly ConditionalWeakTable<Tool, Lazy<JsonElement>> Functions = [];

    /// <summary>An entry of `tools` in a request.</summary>
    public static JsonElement FunctionOf(Tool tool) =>
        Functions.GetValue(tool, one => new Lazy<JsonElement>(() => Function(one))).Value;

    /// <summary>The JSON Schema of a call's arguments.</summary>
    public static JsonElement ParametersOf(Tool tool) => ToElement(Parameters(tool));

    internal static JsonElement ToElement(JsonNode node) => JsonElement.Parse(node.ToJsonString());

    private static JsonElement Function(Tool tool) =>
        ToElement(
            new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = tool.Name,
                    ["description"] = tool.Description,
                    ["parameters"] = Parameters(tool),
                },
            }
        );

    private static JsonObject Parameters(Tool tool)
    {
        var properties = new JsonObject
        {
            [SummaryName] = Text("What this step does, one sentence, in the language of the objective."),
            [RationaleName] = Text(
                "Why this step helps the objective now, in the language of the objective."
            ),
        };
        var required = new JsonArray(SummaryName, RationaleName);
        foreach (var parameter in tool.Parameters)
        {
            properties[parameter.Name] = Property(parameter);
            if (parameter.IsRequired)
            {
                required.Add(parameter.Name);
            }
        }

        return new()
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = required,
            ["additionalProperties"] = false,
        };
    }

    private static JsonObject Text(string description) =>
        new() { ["type"] = "string", ["description"] = description };

    private static JsonObject Property(ToolParameter parameter)
    {
        var property = new JsonObject { ["type"] = parameter.Type };
        if (parameter.Allowed is { } allowed)
        {
            property["enum"] = new JsonArray([.. allowed.Select(value => (JsonNode)value)]);
        }

        if (string.Equals(parameter.Type, "array", StringComparison.Ordinal))
        {
            property["items"] = new JsonObject(); // Some servers refuse an array that does not say what it holds.
        }

        return property;
    }
}
