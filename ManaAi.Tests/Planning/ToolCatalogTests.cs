using System.Text;
using System.Text.Json;
using ManaAi.Actors.Agents;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public class ToolCatalogTests
{
    private static readonly ToolCatalog Catalog = ToolCatalog.Embedded;

    [Fact]
    public void The_catalog_holds_the_60_proposed_tools_of_the_devices()
    {
        var names = Catalog.Tools.Select(tool => tool.Name).ToList();

        names.Count.ShouldBe(60);
        names.ShouldBeUnique();
        names.ShouldContain("create_task");
        names.ShouldNotContain("list_tasks"); // It runs unasked, so a plan may not name it.
        names.ShouldNotContain("log_drink");
    }

    [Fact]
    public void Each_tool_has_one_sentence_of_description()
    {
        foreach (var tool in Catalog.Tools)
        {
            tool.Description.ShouldEndWith(".", customMessage: tool.Name);
            tool.Description.Count(character => character == '.').ShouldBe(1, tool.Name);
            char.IsUpper(tool.Description[0]).ShouldBeTrue(tool.Name);
        }

        Catalog.Tools.Select(tool => tool.Description).ShouldBeUnique();
    }

    [Fact]
    public void No_description_names_a_tool_for_it_may_not_be_offered() =>
        Catalog.Tools.ShouldAllBe(tool => Catalog.Tools.All(other => !tool.Description.Contains(other.Name)));

    [Theory]
    [InlineData("""{"a":"Does a."}""", "b")]
    [InlineData("""{"a":"Does a.","b":"Does b.","c":"Does c."}""", "c")]
    public void A_missing_description_and_one_left_over_break_the_start(string descriptions, string named)
    {
        const string tools = """
            [{"name":"a","module":"m","policy":"propose","parameters":[]},
             {"name":"b","module":"m","policy":"propose","parameters":[]},
             {"name":"x","module":"m","policy":"auto","parameters":[]}]
            """;

        var read = () => ToolCatalog.Read(Stream(tools), Stream(descriptions));

        read.ShouldThrow<InvalidDataException>().Message.ShouldContain(named);
    }

    [Fact]
    public void Parameters_keep_type_requirement_and_enum()
    {
        var parameters = Catalog.Tools.Single(tool => tool.Name == "create_task").Parameters;

        parameters
            .Select(parameter => parameter.Name)
            .ShouldBe(["title", "dueDate", "priority", "description"]);
        parameters.Select(parameter => parameter.IsRequired).ShouldBe([true, false, false, false]);
        parameters[2].Allowed.ShouldBe(["low", "medium", "high"]);
        parameters[0].Allowed.ShouldBeNull();
    }

    [Fact]
    public void A_policy_takes_denied_tools_out_and_nothing_else()
    {
        var policy = new ToolPolicy(
            new Dictionary<string, ToolDecision>
            {
                ["create_task"] = ToolDecision.Deny,
                ["start_timer"] = ToolDecision.Auto,
            },
            new Dictionary<string, ToolDecision> { ["times"] = ToolDecision.Deny },
            ToolDecision.Propose
        );

        var removed = Catalog.Tools.Except(Catalog.Offered(policy)).Select(tool => tool.Name);

        removed.ShouldBe(["create_task", "stop_timer"]);
        Catalog.Offered(null).ShouldBe(Catalog.Tools);
    }

    [Fact]
    public void The_list_hash_changes_with_every_part_that_a_model_sees()
    {
        var tool = new Tool("a", "m", "Does a.", [new("p", "string", true, ["v"])]);
        Tool[] others =
        [
            tool with
            {
                Name = "b",
            },
            tool with
            {
                Description = "Does b.",
            },
            tool with
            {
                Parameters = [],
            },
            tool with
            {
                Parameters = [tool.Parameters[0] with { Name = "q" }],
            },
            tool with
            {
                Parameters = [tool.Parameters[0] with { Type = "number" }],
            },
            tool with
            {
                Parameters = [tool.Parameters[0] with { IsRequired = false }],
            },
            tool with
            {
                Parameters = [tool.Parameters[0] with { Allowed = ["w"] }],
            },
        ];

        var hashes = others.Append(tool).Select(one => ToolCatalog.ListHash([one])).ToList();

        hashes.ShouldBeUnique();
        hashes.ShouldAllBe(hash => hash.Length == 12);
        ToolCatalog.ListHash([tool with { }]).ShouldBe(ToolCatalog.ListHash([tool]));
    }

    [Fact]
    public void A_function_takes_the_devices_parameters_and_the_two_texts()
    {
        var tool = new Tool(
            "a",
            "m",
            "Does a.",
            [new("p", "string", true, ["v"]), new("q", "array", false, null), new("r", "object", false, null)]
        );

        var function = ToolSchema.FunctionOf(tool).GetProperty("function");
        var schema = ToolSchema.ParametersOf(tool);

        function.GetProperty("name").GetString().ShouldBe("a");
        function.GetProperty("description").GetString().ShouldBe("Does a.");
        JsonElement.DeepEquals(function.GetProperty("parameters"), schema).ShouldBeTrue();
        schema
            .GetProperty("required")
            .EnumerateArray()
            .Select(name => name.GetString())
            .ShouldBe(["_summary", "_rationale", "p"]);
        schema.GetProperty("additionalProperties").GetBoolean().ShouldBeFalse();
        schema
            .GetProperty("properties")
            .GetProperty("p")
            .GetRawText()
            .ShouldBe("""{"type":"string","enum":["v"]}""");
        schema
            .GetProperty("properties")
            .GetProperty("q")
            .GetRawText()
            .ShouldBe("""{"type":"array","items":{}}""");
        schema.GetProperty("properties").GetProperty("r").GetRawText().ShouldBe("""{"type":"object"}""");
    }

    [Fact]
    public void No_device_parameter_has_a_name_that_the_two_texts_take() =>
        Catalog
            .Tools.SelectMany(tool => tool.Parameters)
            .ShouldAllBe(parameter => !parameter.Name.StartsWith('_'));

    [Fact]
    public void The_plan_schema_allows_the_offered_names_and_five_steps()
    {
        var steps = PlanSchema
            .For([Catalog.Tools[0], Catalog.Tools[1]])
            .GetProperty("properties")
            .GetProperty("steps");
        var step = steps.GetProperty("items");

        steps.GetProperty("maxItems").GetInt32().ShouldBe(5);
        step.GetProperty("properties")
            .GetProperty("toolName")
            .GetProperty("enum")
            .GetRawText()
            .ShouldBe("""["create_task","complete_task"]""");
        step.GetProperty("required").GetRawText().ShouldBe("""["summary","toolName","params","rationale"]""");
    }

    [Fact]
    public void The_plan_schema_without_tools_allows_no_step()
    {
        var steps = PlanSchema.For([]).GetProperty("properties").GetProperty("steps");

        steps.GetProperty("maxItems").GetInt32().ShouldBe(0);
        steps.GetRawText().ShouldNotContain("enum");
    }

    private static MemoryStream Stream(string text) => new(Encoding.UTF8.GetBytes(text));
}
