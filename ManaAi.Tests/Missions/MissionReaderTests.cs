using ManaAi.Actors.Missions;

namespace ManaAi.Tests.Missions;

public class MissionReaderTests
{
    private static readonly MissionKey Key = new(new UserId("user-1"), new MissionId("m1"));

    [Fact]
    public void A_mission_is_read_as_the_device_wrote_it()
    {
        var mission = Read(
                """
                {"title":"Weekly","objective":"Find three","conceptMarkdown":"# C","agentId":"a1","spaceId":"s1",
                 "timeZone":"Asia/Tokyo","cadence":{"kind":"interval","everyMinutes":60},
                 "iterations":[{"id":"i1","startedAt":"s","finishedAt":"f","summary":"sum","userFeedback":"more",
                   "overallStatus":"approved","source":"server",
                   "plan":[{"id":"i1-0","summary":"Do","status":"rejected",
                            "intent":{"kind":"toolCall","toolName":"create_task","params":{}}},
                           {"summary":"Note","intent":{"kind":"note","body":"b"}}]},
                  {"id":"i2"}]}
                """
            )
            .ShouldNotBeNull();

        (mission.Title, mission.Objective, mission.ConceptMarkdown).ShouldBe(("Weekly", "Find three", "# C"));
        (mission.AgentId?.Value, mission.SpaceId, mission.TimeZone).ShouldBe(("a1", "s1", "Asia/Tokyo"));
        mission.Cadence.ShouldBe(new Cadence.Interval(60));
        mission.Iterations.Select(iteration => iteration.Id).ShouldBe(["i1", "i2"]);
        var first = mission.Iterations[0];
        (first.StartedAt, first.FinishedAt, first.Summary, first.UserFeedback).ShouldBe(
            ("s", "f", "sum", "more")
        );
        (first.OverallStatus, first.Source).ShouldBe(("approved", "server"));
        first.Steps.ShouldBe([
            new IterationStep("Do", "create_task", "rejected"),
            new IterationStep("Note", null, null),
        ]);
        mission.Iterations[1].ShouldBe(new Iteration("i2") { Steps = mission.Iterations[1].Steps });
        mission.Iterations[1].Steps.ShouldBeEmpty();
    }

    [Fact]
    public void Ciphertext_is_left_out_wherever_the_prompt_would_show_it()
    {
        var mission = Read(
                """
                {"title":"enc:1:a.b","objective":"o","conceptMarkdown":"enc:1:a.b","cadence":{"kind":"manual"},
                 "iterations":[{"id":"i1","summary":"enc:1:a.b","userFeedback":"enc:1:a.b",
                                "plan":[{"summary":"enc:1:a.b","status":"planned"}]}]}
                """
            )
            .ShouldNotBeNull();

        (mission.Title, mission.ConceptMarkdown).ShouldBe((null, null));
        var iteration = mission.Iterations.ShouldHaveSingleItem();
        (iteration.Summary, iteration.UserFeedback).ShouldBe((null, null));
        iteration.Steps.ShouldBe([new IterationStep(null, null, "planned")]);
    }

    [Theory]
    [InlineData("""{"cadence":{}}""")]
    [InlineData("""{"objective":"enc:1:a.b","cadence":{}}""")]
    [InlineData("""{"objective":["o"],"cadence":{}}""")]
    [InlineData("""{"objective":"o"}""")]
    [InlineData("""{"objective":"o","cadence":"daily"}""")]
    [InlineData("""{"objective":"o","cadence":null}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"objective\"")]
    public void A_part_of_a_mission_is_none(string record) => Read(record).ShouldBeNull();

    public static TheoryData<string> Oddities => [.. MissionRecord.Oddities];

    [Theory]
    [MemberData(nameof(Oddities))]
    public void Values_of_other_types_count_as_absent(string value)
    {
        var mission = Read(
                $$"""
                {"objective":"o","cadence":{"kind":{{value}},"everyMinutes":{{value}} },"title":{{value}},
                 "conceptMarkdown":{{value}},"agentId":{{value}},"spaceId":{{value}},"timeZone":{{value}},
                 "iterations":[{{value}},{"id":{{value}},"startedAt":{{value}},"finishedAt":{{value}},
                   "summary":{{value}},"userFeedback":{{value}},"overallStatus":{{value}},"source":{{value}},
                   "plan":{{value}} },{"plan":[{{value}},{"summary":{{value}},"intent":{{value}},"status":{{value}} },
                   {"intent":{"toolName":{{value}} } }]}]}
                """
            )
            .ShouldNotBeNull();

        mission.Objective.ShouldBe("o");
        mission.Cadence.ShouldBeOfType<Cadence.Unreadable>();
        mission.Iterations.Count.ShouldBe(3);
        mission.Iterations[2].Steps.Count.ShouldBe(3);
        var isText = value.StartsWith('"');
        (mission.SpaceId is not null).ShouldBe(isText);
        (mission.AgentId is not null).ShouldBe(isText && value != "\"\"");
        (mission.Iterations[1].OverallStatus is not null).ShouldBe(isText);
        (mission.Title is not null).ShouldBe(isText && !value.Contains("enc:1:", StringComparison.Ordinal));
        Read($$"""{"objective":"o","cadence":{},"iterations":{{value}} }""").ShouldNotBeNull();
    }

    private static Mission? Read(string record) => MissionReader.Read(Key, MissionRecord.Element(record));
}
