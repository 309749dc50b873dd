using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>The tools that a plan may name, as a request offers them, and whether a plan fits them.</summary>
internal static class LlmStubOffer
{
    private static readonly JsonSerializerOptions _web = new(JsonSerializerDefaults.Web);

    public static IReadOnlyDictionary<string, CatalogTool> Tools { get; } =
        JsonSerializer
            .Deserialize<List<CatalogTool>>(
                typeof(Tool).Assembly.GetManifestResourceStream("ManaAi.Actors.Planning.tool-catalog.json")!,
                _web
            )!
            .Where(tool => tool.Policy == "propose")
            .ToDictionary(tool => tool.Name);

    /// <summary>Native functions, with the two texts that a plan's step needs besides.</summary>
    public static LlmRequest AsFunctions(string objective, params ChatMessage[] more) =>
        new(
            "test/model",
            0.3,
            [new("system", "Plan."), new("user", objective), .. more],
            ResponseFormat.Plain,
            [.. Tools.Values.Select(tool => Element(tool.ToFunction()))]
        );

    /// <summary>One shape of step for each tool.</summary>
    public static LlmRequest AsSchema(string objective) =>
        new("test/model", 0.3, [new("user", objective)], ResponseFormat.JsonSchema)
        {
            ResponseSchema = Element(Schema(new JsonObject { ["anyOf"] = Shapes() })),
        };

    /// <summary>The same with the shapes by reference, as generators of schemas write them.</summary>
    public static LlmRequest AsReferences(string objective)
    {
        var schema = Schema(new JsonObject { ["$ref"] = "#/$defs/step" });
        schema["$defs"] = new JsonObject { ["step"] = new JsonObject { ["oneOf"] = Shapes() } };
        return new("test/model", 0.3, [new("user", objective)], ResponseFormat.JsonSchema)
        {
            ResponseSchema = Element(schema),
        };
    }

    /// <summary>The names in the schema, their parameters in the prompt.</summary>
    public static LlmRequest AsNamesAndLines(string objective)
    {
        var names = new JsonArray([.. Tools.Keys.Select(name => JsonValue.Create(name))]);
        var step = new JsonObject
        {
            ["properties"] = new JsonObject
            {
                ["toolName"] = new JsonObject { ["type"] = "string", ["enum"] = names },
                ["params"] = new JsonObject { ["type"] = "object" },
            },
        };
        return AsLines(objective) with
        {
            Format = ResponseFormat.JsonSchema,
            ResponseSchema = Element(Schema(step)),
        };
    }

    /// <summary>As the prompt itself lists them.</summary>
    public static LlmRequest AsLines(string objective)
    {
        var mission = new Mission(new MissionKey(new UserId("user"), new MissionId("mission")))
        {
            Objective = objective,
            Cadence = new Cadence.Manual(),
        };
        var prompt = PlanPrompt.Build(
            new PromptInput(mission, null, ToolCatalog.Embedded.Offered(null), PlanMode.Json)
        );
        return new("test/model", 0.3, prompt.Messages, ResponseFormat.JsonObject);
    }

    /// <summary>By the catalog itself, and not by the schemas made from it.</summary>
    public static void ShouldFit(string toolName, JsonElement parameters)
    {
        var tool = Tools.ShouldContainKeyAndGet(toolName);
        foreach (var member in parameters.EnumerateObject())
        {
            var declared = tool.Parameters.Single(parameter => parameter.Name == member.Name);
            Kind(member.Value).ShouldBe(declared.Type);
            declared.Enum?.ShouldContain(member.Value.GetString()!);
        }

        foreach (var required in tool.Parameters.Where(parameter => parameter.Required))
        {
            parameters.TryGetProperty(required.Name, out _).ShouldBeTrue(required.Name);
        }
    }

    private static CatalogTool ShouldContainKeyAndGet(
        this IReadOnlyDictionary<string, CatalogTool> tools,
        string name
    )
    {
        tools.Keys.ShouldContain(name);
        return tools[name];
    }

    private static string Kind(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False => "boolean",
            var kind => kind.ToString().ToLowerInvariant(),
        };

    private static JsonObject Schema(JsonObject step) =>
        new()
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["summary"] = new JsonObject { ["type"] = "string" },
                ["steps"] = new JsonObject { ["type"] = "array", ["items"] = step },
            },
        };

    private static JsonArray Shapes() => [.. Tools.Values.Select(tool => tool.ToShape())];

    private static JsonElement Element(JsonNode node) => JsonSerializer.SerializeToElement(node);
}

internal sealed record CatalogTool(string Name, string Policy, IReadOnlyList<CatalogParameter> Parameters)
{
    public JsonObject ToFunction() =>
        new()
        {
            ["type"] = "function",
            ["function"] = new JsonObject
            {
                ["name"] = Name,
                ["parameters"] = ToSchema(["_summary", "_rationale"]),
            },
        };

    public JsonObject ToShape() =>
        new()
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["toolName"] = new JsonObject { ["const"] = Name },
                ["params"] = ToSchema([]),
            },
        };

    private JsonObject ToSchema(string[] texts)
    {
        var properties = new JsonObject();
        foreach (var text in texts)
        {
            properties[text] = new JsonObject { ["type"] = "string" };
        }

        foreach (var parameter in Parameters)
        {
            properties[parameter.Name] = parameter.ToSchema();
        }

        var required = texts.Concat(Parameters.Where(one => one.Required).Select(one => one.Name));
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = new JsonArray([.. required.Select(name => JsonValue.Create(name))]),
        };
    }
}

internal sealed record CatalogParameter(string Name, string Type, bool Required, IReadOnlyList<string>? Enum)
{
    public JsonObject ToSchema()
    {
        var schema = new JsonObject { ["type"] = Type };
        if (Enum is not null)
        {
            schema["enum"] = new JsonArray([.. Enum.Select(value => JsonValue.Create(value))]);
        }

        return schema;
    }
}
