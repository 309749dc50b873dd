using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Tests.Missions;

public class AgentReaderTests
{
    [Fact]
    public void An_agent_is_read_as_the_device_wrote_it()
    {
        var agent = Read(
            """
            {"name":"Ada","role":"Planner","systemPrompt":"Be brief","memory":"Likes lists","state":"paused",
             "maxConcurrentMissions":3,"maxTokensPerDay":0,
             "policy":{"tools":{"create_task":"deny"},"defaultsByModule":{"todo":"auto"},"defaultForAi":"deny"}}
            """
        );

        (agent.Id.Value, agent.Name, agent.Role, agent.State).ShouldBe(("a1", "Ada", "Planner", "paused"));
        (agent.SystemPrompt, agent.Memory).ShouldBe(("Be brief", "Likes lists"));
        (agent.MaxConcurrentMissions, agent.MaxTokensPerDay).ShouldBe((3, 0L));
    }

    [Theory]
    [InlineData("create_task", "todo", ToolDecision.Deny)]
    [InlineData("drop_task", "todo", ToolDecision.Auto)]
    [InlineData("Create_task", "todo", ToolDecision.Auto)]
    [InlineData("create_note", "notes", ToolDecision.Propose)]
    public void The_tool_decides_then_its_module_then_the_default(
        string tool,
        string module,
        ToolDecision expected
    ) =>
        Read(
            """
            {"policy":{"tools":{"create_task":"deny","create_note":"sometimes","drop_task":7},
                       "defaultsByModule":{"todo":"auto","notes":null},"defaultForAi":"propose"}}
            """
        )
            .Policy.Decide(tool, module)
            .ShouldBe(expected);

    [Theory]
    [InlineData("""{"policy":{"defaultForAi":"deny"}}""", ToolDecision.Deny)]
    [InlineData("""{"policy":{"defaultForAi":"auto","tools":{},"defaultsByModule":{}}}""", ToolDecision.Auto)]
    [InlineData("""{"policy":{"defaultForAi":"Deny"}}""", ToolDecision.Propose)]
    [InlineData("""{"policy":{}}""", ToolDecision.Propose)]
    [InlineData("""{"policy":"deny"}""", ToolDecision.Propose)]
    [InlineData("{}", ToolDecision.Propose)]
    public void A_policy_that_says_nothing_proposes(string record, ToolDecision expected) =>
        Read(record).Policy.Decide("create_task", "todo").ShouldBe(expected);

    [Fact]
    public void Ciphertext_is_not_used()
    {
        var agent = Read(
            """{"name":"enc:1:a.b","role":"enc:1:a.b","systemPrompt":"enc:1:a.b","memory":"enc:1:a.b"}"""
        );

        (agent.Name, agent.Role, agent.SystemPrompt, agent.Memory).ShouldBe(("Mana", null, null, null));
    }

    public static TheoryData<string> Oddities => [.. MissionRecord.Oddities];

    [Theory]
    [MemberData(nameof(Oddities))]
    public void Values_of_other_types_count_as_absent(string value)
    {
        var agent = Read(
            $$"""
            {"name":{{value}},"role":{{value}},"systemPrompt":{{value}},"memory":{{value}},"state":{{value}},
             "maxConcurrentMissions":{{value}},"maxTokensPerDay":{{value}},
             "policy":{"tools":{"create_task":{{value}} },"defaultsByModule":{{value}},"defaultForAi":{{value}} } }
            """
        );

        var isPlain = value.StartsWith('"') && !value.Contains("enc:1:", StringComparison.Ordinal);
        (agent.Role is not null).ShouldBe(isPlain);
        agent.Name.ShouldBe(value == "\"odd\"" ? "odd" : "Mana");
        agent.MaxConcurrentMissions.ShouldBeGreaterThanOrEqualTo(0);
        agent.Policy.Decide("create_task", "todo").ShouldBe(ToolDecision.Propose);
        Read($$"""{"policy":{{value}} }""").Policy.Decide("x", "y").ShouldBe(ToolDecision.Propose);
        Read(value).Name.ShouldBe("Mana");
    }

    [Theory]
    [InlineData("0", 0, 0L)]
    [InlineData("2.9", 2, 2L)]
    [InlineData("5e9", int.MaxValue, 5_000_000_000L)]
    [InlineData("1e400", int.MaxValue, 1L << 61)]
    [InlineData("-1", null, null)]
    [InlineData("\"5\"", null, null)]
    [InlineData("null", null, null)]
    [InlineData("[5]", null, null)]
    public void Limits_are_whole_numbers_in_a_range_or_none(string value, int? missions, long? tokens)
    {
        var record = $$"""{"name":"A","maxConcurrentMissions":{{value}},"maxTokensPerDay":{{value}} }""";

        var state = AgentState.Of(MissionRecord.FoldOf(record));
        (state.MaxConcurrentMissions, state.MaxTokensPerDay).ShouldBe((missions, tokens));
        var agent = Read(record);
        (agent.MaxConcurrentMissions, agent.MaxTokensPerDay).ShouldBe((missions ?? 1, tokens));
    }

    [Fact]
    public void The_columns_of_an_agent_say_what_is_there()
    {
        AgentState
            .Of(MissionRecord.FoldOf("""{"name":"A","state":"paused","deletedAt":"2026"}"""))
            .ShouldBe(new AgentState("A", "paused", null, null, IsDeleted: true));
        AgentState
            .Of(MissionRecord.FoldOf("""{"name":7,"state":{},"deletedAt":""}"""))
            .ShouldBe(new AgentState(null, null, null, null, IsDeleted: false));
        AgentState.Of(new RecordFold(LogGeneration.Two)).IsDeleted.ShouldBeTrue();
    }

    private static Agent Read(string record) =>
        AgentReader.Read(new AgentId("a1"), MissionRecord.Element(record));
}
