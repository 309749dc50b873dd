using System.Globalization;
using System.Text;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Tests.Missions;

/// <summary>Until when a mission is left to a device that runs it. The row is of 12:00, and ten minutes is the most.</summary>
public class RunningUntilTests
{
    [Theory]
    // The lesser of what the device says and when its row was written.
    [InlineData("""[{"overallStatus":"running","startedAt":"2026-04-20T11:58:00.000Z"}]""", "12:08")]
    [InlineData("""[{"overallStatus":"running","startedAt":"2026-04-20T13:58:00.000+02:00"}]""", "12:08")]
    [InlineData("""[{"overallStatus":"running","startedAt":"2026-04-20T12:00:00.000Z"}]""", "12:10")]
    [InlineData("""[{"overallStatus":"running","startedAt":"2026-04-20T12:30:00.000Z"}]""", "12:10")]
    [InlineData("""[{"overallStatus":"running","startedAt":"9999-12-31T23:59:59.999Z"}]""", "12:10")]
    [InlineData("""[{"overallStatus":"running","startedAt":"2026-04-20T09:00:00.000Z"}]""", "09:10")]
    // A start that cannot be read says nothing.
    [InlineData("""[{"overallStatus":"running"}]""", "12:10")]
    [InlineData("""[{"overallStatus":"running","startedAt":null}]""", "12:10")]
    [InlineData("""[{"overallStatus":"running","startedAt":1776243600000}]""", "12:10")]
    [InlineData("""[{"overallStatus":"running","startedAt":"just now"}]""", "12:10")]
    // Who runs it.
    [InlineData("""[{"overallStatus":"running","source":"browser"}]""", "12:10")]
    [InlineData("""[{"overallStatus":"running","source":null}]""", "12:10")]
    [InlineData("""[{"overallStatus":"running","source":"server"}]""", null)]
    // Only running ones, wherever they stand, and the latest of several.
    [InlineData("[]", null)]
    [InlineData("""[{"overallStatus":"approved","summary":"running"}]""", null)]
    [InlineData("""[{"overallStatus":"Running"}]""", null)]
    [InlineData("""[{"overallStatus":["running"]}]""", null)]
    [InlineData("""[{"overallStatus":"running"},{"overallStatus":"failed"}]""", "12:10")]
    [InlineData(
        """
            [{"overallStatus":"running","startedAt":"2026-04-20T11:55:00.000Z"},
             {"overallStatus":"running","startedAt":"2026-04-20T11:57:00.000Z"},
             {"overallStatus":"running","startedAt":"2026-04-20T11:51:00.000Z"},
             {"overallStatus":"running","source":"server"}]
            """,
        "12:07"
    )]
    // No array of iterations.
    [InlineData("""{"overallStatus":"running"}""", null)]
    [InlineData("\"running\"", null)]
    [InlineData("null", null)]
    [InlineData("""["running",null,7,["running"],{"running":true}]""", null)]
    [InlineData("""["running",{"overallStatus":"running"}]""", "12:10")]
    public void A_device_that_runs_it_has_until_then(string iterations, string? expected) =>
        (
            Of(MissionRecord.Fold($$"""{"iterations":{{iterations}}}"""))
                ?.ToString("HH:mm", CultureInfo.InvariantCulture)
        ).ShouldBe(expected);

    [Fact]
    public void A_start_long_ago_is_over_however_long_ago()
    {
        var until = Of(
            MissionRecord.Fold(
                """{"iterations":[{"overallStatus":"running","startedAt":"0001-01-01T00:00:00.001Z"}]}"""
            )
        );

        until.ShouldNotBeNull().ShouldBeLessThan(MissionRecord.WrittenAt);
    }

    [Fact]
    public void The_row_that_wrote_the_iterations_counts_and_not_a_later_one_of_other_fields()
    {
        var fold = MissionRecord.Fold("""{"iterations":[{"overallStatus":"running"}]}""");

        fold.Apply(Update("title", "\"later\"", minutes: 30, "2026-04-20T12:30:00.000Z"));
        Of(fold).ShouldBe(MissionRecord.WrittenAt + MissionState.DeviceRunMax);

        fold.Apply(Update("iterations", """[{"overallStatus":"running"}]""", minutes: 40, time: "1999"));
        Of(fold).ShouldBe(MissionRecord.WrittenAt + MissionState.DeviceRunMax); // It lost.

        fold.Apply(
            Update("iterations", """[{"overallStatus":"running"}]""", minutes: 50, "2026-04-20T12:50:00.000Z")
        );
        Of(fold).ShouldBe(MissionRecord.WrittenAt.AddMinutes(50) + MissionState.DeviceRunMax);

        fold.Apply(
            Update("iterations", """[{"overallStatus":"failed"}]""", minutes: 55, "2026-04-20T12:55:00.000Z")
        );
        Of(fold).ShouldBeNull();
    }

    private static Change Update(string field, string json, int minutes, string time) =>
        new(
            new ChangePosition(MissionRecord.WrittenAt.AddMinutes(minutes), Guid.Empty),
            ChangeOp.Update,
            [new ChangedField(field, Encoding.UTF8.GetBytes(json), time)],
            null
        );

    private static DateTimeOffset? Of(RecordFold fold) =>
        MissionState.Of(fold, newerSchema: null).RunningUntil;
}
