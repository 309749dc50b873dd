using System.Text.Json.Nodes;
using ManaAi.Actors.Agents;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using LogGeneration = ManaAi.Actors.ChangeLog.LogGeneration;

namespace ManaAi.Tests.Runs;

public sealed class ChangeActorTests
{
    private static readonly Occurrence _occurrence = new(
        new MissionKey(new UserId("user-1"), new MissionId("mission-1")),
        new DateTimeOffset(2026, 3, 2, 8, 0, 0, TimeSpan.Zero)
    );

    private static readonly Plan _plan = new(
        null,
        [
            new PlannedStep("Add a task", "create_task", default, "It is due."),
            new PlannedStep("Add a note", "create_note", default, "It helps."),
        ]
    );

    [Fact]
    public void In_generation_1_every_row_is_from_the_mission_runner()
    {
        const string Runner = """{"kind":"system","source":"mission-runner"}""";
        var agent = new Agent(new AgentId("agent-1")) { Name = "Ada" };

        ShouldBeJson(ChangeActor.OfIteration(LogGeneration.One, agent, _occurrence, _plan), Runner, "agent");
        ShouldBeJson(ChangeActor.OfSchedule(LogGeneration.One), Runner, "system");
    }

    [Fact]
    public void In_generation_2_an_iteration_is_from_the_owning_agent()
    {
        var agent = new Agent(new AgentId("agent-1")) { Name = "Ada \"the first\"" };

        ShouldBeJson(
            ChangeActor.OfIteration(
                LogGeneration.Two,
                agent,
                _occurrence,
                _plan with
                {
                    Summary = "Two steps.",
                }
            ),
            $$"""
            {"kind":"ai","principalId":"agent-1","displayName":"Ada \"the first\"","missionId":"mission-1",
             "iterationId":"{{_occurrence.IterationId}}","rationale":"Two steps."}
            """,
            "agent"
        );
    }

    [Fact]
    public void In_generation_2_an_iteration_without_an_agent_is_from_Mana()
    {
        ShouldBeJson(
            ChangeActor.OfIteration(LogGeneration.Two, null, _occurrence, _plan),
            $$"""
            {"kind":"ai","principalId":"legacy:ai-default","displayName":"Mana","missionId":"mission-1",
             "iterationId":"{{_occurrence.IterationId}}","rationale":"It is due. It helps."}
            """,
            "agent"
        );
    }

    [Fact]
    public void In_generation_2_a_row_that_moves_the_schedule_is_from_the_system() =>
        ShouldBeJson(
            ChangeActor.OfSchedule(LogGeneration.Two),
            """{"kind":"system","principalId":"system:mission-runner","displayName":"Mana"}""",
            "system"
        );

    [Fact]
    public void A_failure_has_no_rationale_and_says_so_with_an_empty_text() =>
        JsonNode.Parse(ChangeActor.OfIteration(LogGeneration.Two, null, _occurrence, null).Json)![
            "rationale"
        ]!
            .GetValue<string>()
            .ShouldBe("");

    private static void ShouldBeJson(ChangeActor actor, string json, string origin)
    {
        JsonNode.DeepEquals(JsonNode.Parse(actor.Json), JsonNode.Parse(json)).ShouldBeTrue(actor.Json);
        actor.Origin.ShouldBe(origin);
    }
}
