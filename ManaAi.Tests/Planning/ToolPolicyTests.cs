using System.Text.Json;
using ManaAi.Actors.Agents;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>The tool's entry decides, else its module's, else the default; what is denied nobody can plan.</summary>
public sealed class ToolPolicyTests
{
    private const string Tool = "create_task";
    private const string Module = "todo";

    private static readonly string?[] _decisions = ["auto", "propose", "deny"];

    public static TheoryData<string?, string?, string> Combinations
    {
        get
        {
            var data = new TheoryData<string?, string?, string>();
            // An entry that is missing leaves the decision to the next one.
            foreach (var tool in (string?[])[.. _decisions, null])
            {
                foreach (var module in (string?[])[.. _decisions, null])
                {
                    foreach (var otherwise in _decisions)
                    {
                        data.Add(tool, module, otherwise!);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void A_denied_tool_is_not_offered_and_a_plan_that_names_it_is_refused(
        string? tool,
        string? module,
        string otherwise
    )
    {
        var isDenied = (tool ?? module ?? otherwise) == "deny";
        var offered = ToolCatalog.Embedded.Offered(Agent(tool, module, otherwise).Policy);

        offered.Any(one => one.Name == Tool).ShouldBe(!isDenied);
        var reply = PlanReplyParser.Parse(
            """
            {"summary":"s","steps":[{"summary":"s","toolName":"create_task","params":{"title":"t"},"rationale":"r"}]}
            """,
            offered
        );
        (reply is PlanReply.Refused).ShouldBe(isDenied);
    }

    [Fact]
    public void The_tool_of_this_table_is_of_this_module() =>
        ToolCatalog.Embedded.Tools.Single(one => one.Name == Tool).Module.ShouldBe(Module);

    private static Agent Agent(string? tool, string? module, string otherwise)
    {
        var record = JsonSerializer.SerializeToElement(
            new
            {
                name = "Ada",
                policy = new
                {
                    tools = Entry(Tool, tool),
                    defaultsByModule = Entry(Module, module),
                    defaultForAi = otherwise,
                },
            }
        );
        return AgentReader.Read(new AgentId("agent-1"), record);
    }

    private static Dictionary<string, string> Entry(string name, string? decision) =>
        decision is null ? [] : new Dictionary<string, string>(StringComparer.Ordinal) { [name] = decision };
}
