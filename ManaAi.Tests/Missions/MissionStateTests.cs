using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Tests.Missions;

public class MissionStateTests
{
    private static readonly MissionKey Key = new(new UserId("user-1"), new MissionId("m1"));

    [Fact]
    public void What_the_due_query_asks_for_stands_in_columns() =>
        Of("""{"agentId":"a1"}""")
            .ShouldBe(
                new MissionState(
                    "active",
                    new DateTimeOffset(2026, 4, 20, 10, 0, 0, TimeSpan.Zero),
                    "a1",
                    IsDeleted: false,
                    Obstacle: null,
                    RunningUntil: null
                )
            );

    [Fact]
    public void A_record_that_is_gone_is_deleted() =>
        MissionState.Of(new RecordFold(LogGeneration.One), newerSchema: 2).ShouldBe(MissionState.Gone);

    [Theory]
    [InlineData("""{"state":7,"agentId":["a1"],"nextRunAt":null}""")]
    [InlineData("""{"state":"absent","agentId":"absent","nextRunAt":"absent"}""")]
    public void What_is_not_there_or_no_text_is_null(string changes)
    {
        var state = Of(changes);

        (state.State, state.AgentId, state.NextRunAt, state.Obstacle).ShouldBe((null, null, null, null));
    }

    [Theory]
    [InlineData("\"absent\"", false)]
    [InlineData("null", false)]
    [InlineData("\"\"", false)]
    [InlineData("7", false)]
    [InlineData("true", false)]
    [InlineData("{}", false)]
    [InlineData("\"2026-04-20T10:00:00.000Z\"", true)]
    [InlineData("\"no date at all\"", true)]
    [InlineData("\" \"", true)]
    public void Deleted_is_any_text_but_the_empty_one(string deletedAt, bool isDeleted) =>
        Of($$"""{"deletedAt":{{deletedAt}}}""").IsDeleted.ShouldBe(isDeleted);

    [Theory]
    [InlineData("{}", null)]
    [InlineData("""{"objective":""}""", null)]
    [InlineData("""{"objective":"absent"}""", Obstacles.Incomplete)]
    [InlineData("""{"objective":null}""", Obstacles.Incomplete)]
    [InlineData("""{"objective":["o"]}""", Obstacles.Incomplete)]
    [InlineData("""{"cadence":"absent"}""", Obstacles.Incomplete)]
    [InlineData("""{"cadence":null}""", Obstacles.Incomplete)]
    [InlineData("""{"cadence":"daily"}""", Obstacles.Incomplete)]
    [InlineData("""{"cadence":[]}""", Obstacles.Incomplete)]
    [InlineData("""{"objective":"enc:1:aXY=.Y3Q=","cadence":null}""", Obstacles.Incomplete)]
    [InlineData("""{"objective":"enc:1:aXY=.Y3Q="}""", Obstacles.Ciphertext)]
    [InlineData("""{"conceptMarkdown":"enc:1:"}""", Obstacles.Ciphertext)]
    [InlineData("""{"conceptMarkdown":"enc:1:x","nextRunAt":"soon"}""", Obstacles.Ciphertext)]
    [InlineData("""{"title":"enc:1:aXY=.Y3Q="}""", null)]
    [InlineData("""{"objective":"about enc:1:","conceptMarkdown":"ENC:1:x"}""", null)]
    [InlineData("""{"conceptMarkdown":"absent"}""", null)]
    [InlineData("""{"nextRunAt":"soon"}""", Obstacles.UnreadableNextRunAt)]
    [InlineData("""{"nextRunAt":""}""", Obstacles.UnreadableNextRunAt)]
    [InlineData("""{"nextRunAt":"2026-04-20 10:00:00Z"}""", Obstacles.UnreadableNextRunAt)]
    [InlineData("""{"nextRunAt":1776243600000}""", Obstacles.UnreadableNextRunAt)]
    [InlineData("""{"nextRunAt":{}}""", Obstacles.UnreadableNextRunAt)]
    [InlineData("""{"nextRunAt":null}""", null)]
    public void What_stands_in_the_way_is_named(string changes, string? obstacle) =>
        Of(changes).Obstacle.ShouldBe(obstacle);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"objective":"enc:1:x"}""")]
    [InlineData("""{"cadence":null,"nextRunAt":"soon"}""")]
    public void A_newer_schema_stands_before_every_other_obstacle(string changes) =>
        MissionState.Of(MissionRecord.Fold(changes), newerSchema: 2).Obstacle.ShouldBe(Obstacles.NewerSchema);

    [Fact]
    public void An_unreadable_nextRunAt_is_no_instant_and_a_readable_one_is_cut_to_microseconds()
    {
        Of("""{"nextRunAt":"soon"}""").NextRunAt.ShouldBeNull();
        Of("""{"nextRunAt":"2026-04-20T12:00:00.1234569+02:00"}""")
            .NextRunAt.ShouldBe(
                new DateTimeOffset(2026, 4, 20, 10, 0, 0, TimeSpan.Zero).AddMicroseconds(123456)
            );
    }

    public static TheoryData<string> Oddities => [.. MissionRecord.Oddities];

    [Theory]
    [MemberData(nameof(Oddities))]
    public void Whatever_stands_in_a_field_a_mission_without_an_obstacle_can_be_read(string value)
    {
        string[] fields =
        [
            "state",
            "nextRunAt",
            "agentId",
            "deletedAt",
            "objective",
            "cadence",
            "iterations",
        ];
        foreach (var field in fields)
        {
            var fold = MissionRecord.Fold($$"""{"{{field}}":{{value}} }""");

            var state = MissionState.Of(fold, newerSchema: null);

            using var record = JsonDocument.Parse(fold.RecordJson("m1")!.Value);
            var mission = MissionReader.Read(Key, record.RootElement);
            (mission is not null || state.Obstacle is not null).ShouldBeTrue(field);
        }
    }

    private static MissionState Of(string changes) =>
        MissionState.Of(MissionRecord.Fold(changes), newerSchema: null);
}
