using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ManaAi.Actors.Planning;

/// <summary>The JSON Schema of a plan, for `response_format: json_schema`.</summary>
/// <remarks>
/// It holds a model to the outer form and to the names of the tools. It does not spell out each tool's
/// parameters: a choice among sixty objects is more than several servers compile, and a request refused for
/// its schema costs more than an answer refused for a parameter, which <see cref="PlanReplyParser"/> checks anyway.
/// </remarks>
public static class PlanSchema
{
    // Nearly every plan is offered the same list.
    private static readonly ConditionalWeakTable<IReadOnlyList<Tool>, StrongBox<JsonElement>> Schemas = [];

    public static JsonElement For(IReadOnlyList<Tool> tools) =>
        Schemas.GetValue(tools, static tools => new StrongBox<JsonElement>(Make(tools))).Value;

    private static JsonElement Make(IReadOnlyList<Tool> tools) =>
        ToolSchema.ToElement(
            Object(
                new()
                {
                    ["summary"] = Type("string"),
                    ["steps"] = new JsonObject
                    {
                        ["type"] = "array",
                        ["maxItems"] = tools.Count == 0 ? 0 : Plan.StepsMax,
                        ["items"] = Step(tools),
                    },
                }
            )
        );

    private static JsonObject Step(IReadOnlyList<Tool> tools)
    {
        var toolName = Type("string");
        if (tools.Count > 0) // An empty enum is no valid schema.
        {
            toolName["enum"] = new JsonArray([.. tools.Select(tool => (JsonNode)tool.Name)]);
        }

        return Object(
            new()
            {
                ["summary"] = Type("string"),
                ["toolName"] = toolName,
                ["params"] = Type("object"),
                ["rationale"] = Type("string"),
            }
        );
    }

    private static JsonObject Type(string name) => new() { ["type"] = name };

    private static JsonObject Object(JsonObject properties) =>
        new()
        {
            ["type"] = "object",
            ["required"] = new JsonArray([.. properties.Select(property => (JsonNode)property.Key)]),
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
}
