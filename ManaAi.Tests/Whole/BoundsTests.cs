using System.Text;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.Whole;

/// <summary>
/// What no device should write and some will: each is planned or refused with a reason, and no other mission waits.
/// </summary>
public abstract class BoundsTests(LogGeneration generation) : WholeTests(generation)
{
    [Theory]
    [InlineData(500)]
    [InlineData(990)]
    public async Task Deep_JSON_is_folded_planned_over_and_shown(int depth)
    {
        var node = await StartAsync();
        var mission = await InsertDueAsync("deep");
        foreach (var field in (string[])["inputs", "somethingNew"])
        {
            await EditAsync(mission, field, Nested(depth));
        }

        await EditAsync(
            mission,
            "iterations",
            $$$"""[{"id":"i","plan":[{"id":"s","status":"running","intent":{"kind":"toolCall","params":{{{Nested(depth - 8)}}}}}]}]"""
        );
        await InsertDueAsync("other");

        (await node.TickAsync()).Numbers.ShouldBe((2, 2, 2, 0));

        (await Database.OwnChangesAsync())
            .Single(row => row.RecordId == "deep")
            .Data.GetProperty("iterations")
            .GetArrayLength()
            .ShouldBe(2);
        using var shown = await node.GetAsync("internal/missions/user-1/deep");
        shown.IsSuccessStatusCode.ShouldBeTrue();
        (await node.TickAsync()).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_row_that_is_deeper_does_nothing_and_the_cursor_goes_on_behind_it()
    {
        var node = await StartAsync();
        var mission = await InsertDueAsync("deep");
        await EditAsync(mission, "objective", Nested(5000));
        await Database.InsertChangeAsync(
            new DeviceChange("never", $$$"""{"objective":"x","cadence":{{{Nested(5000, "{\"a\":", "}")}}}}""")
        );
        await InsertDueAsync("other");

        (await node.TickAsync()).Numbers.ShouldBe((2, 2, 2, 0));

        (await node.MetricAsync("mana_ai_undecodable_rows_total")).ShouldBe(2);
        var again = await node.TickAsync();
        (again.DueMissionCount, again.Errors.Count).ShouldBe((0, 0));
        (await node.MetricAsync("mana_ai_undecodable_rows_total")).ShouldBe(2, "it is not read again");
    }

    [Fact]
    public async Task A_cadence_and_an_agent_that_are_deep_keep_nobody_waiting()
    {
        var node = await StartAsync();
        await Database.InsertChangeAsync(
            DeviceChange.OfAgent("ada", $"\"policy\":{{\"tools\":{Nested(500, "{\"a\":", "}")}}}")
        );
        var mission = await InsertDueAsync("deep", agentId: "ada");
        await EditAsync(mission, "cadence", $"{{\"kind\":\"cron\",\"expression\":{Nested(500)}}}");
        await InsertDueAsync("other");

        (await node.TickAsync()).Numbers.ShouldBe((2, 2, 2, 0));

        (await Database.RunsAsync()).ShouldAllBe(run => run.Verdict == "planned");
    }

    [Fact]
    public async Task A_mission_of_10_000_iterations_gets_one_more()
    {
        var node = await StartAsync();
        await InsertDueAsync("long", change: one => one with { Iterations = Iterations(10_000) });
        await InsertDueAsync("other");

        (await node.TickAsync()).Numbers.ShouldBe((2, 2, 2, 0));

        (await Database.OwnChangesAsync())
            .Single(row => row.RecordId == "long")
            .Iterations.Count.ShouldBe(10_001);
        PromptsShouldBeShort();
    }

    [Fact]
    public async Task A_mission_with_no_room_for_an_iteration_is_skipped_before_it_costs_anything()
    {
        var node = await StartAsync();
        var mission = await InsertDueAsync(
            "full",
            change: one => one with { Iterations = Iterations(9, bytes: 1024 * 1024) }
        );
        await InsertDueAsync("other");

        (await node.TickAsync()).Numbers.ShouldBe((2, 1, 1, 0));

        Llm.Calls.Total.ShouldBe(1);
        var run = (await Database.RunsAsync()).Single(run => run.MissionId == "full");
        (run.Verdict, run.Reason).ShouldBe(("skipped", "too-large"));
        run.Detail.ShouldNotBeNull().ShouldContain("8388608");
        var row = (await Database.OwnChangesAsync()).Single(row => row.RecordId == "full");
        row.Data.EnumerateObject().Select(field => field.Name).ShouldBe(["nextRunAt"]);
        (await Database.MissionAsync(mission)).NextRunAt.ShouldNotBe(mission.DueAt);
    }

    [Fact]
    public async Task An_iteration_that_would_be_too_much_is_not_written_and_the_schedule_moves_on()
    {
        var node = await StartAsync();
        // A few bytes are left: less than any iteration has.
        await InsertDueAsync(
            "nearly",
            change: one => one with { Iterations = Iterations(1, OwnRows.DataBytesMax - 200) }
        );

        (await node.TickAsync()).Numbers.ShouldBe((1, 1, 0, 0));

        var run = await SingleRunAsync();
        (run.Verdict, run.Reason, run.HasPlan).ShouldBe(("skipped", "too-large", true));
        var row = (await Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Data.EnumerateObject().Select(field => field.Name).ShouldBe(["nextRunAt"]);
        (await node.TickAsync()).DueMissionCount.ShouldBe(0);
    }

    [Fact]
    public async Task A_concept_of_5_MB_reaches_the_model_as_its_beginning()
    {
        var node = await StartAsync();
        var mission = await InsertDueAsync("wordy");
        await EditAsync(mission, "conceptMarkdown", $"\"{new string('w', 5 * 1024 * 1024)}\"");
        await InsertDueAsync("other");

        (await node.TickAsync()).Numbers.ShouldBe((2, 2, 2, 0));

        PromptsShouldBeShort();
        (await Database.OwnChangesAsync()).ShouldAllBe(row => row.Data.GetRawText().Length < 10_000);
    }

    private async Task EditAsync(DeviceMission mission, string field, string json) =>
        await Database.InsertChangeAsync(
            new DeviceChange(mission.Id, $"{{\"{field}\":{json}}}")
            {
                Op = "update",
                Times = $"{{\"{field}\":\"2026-01-01T00:00:00.000Z\"}}",
            }
        );

    /// <summary>Whatever a user wrote, what leaves the process is some pages.</summary>
    private void PromptsShouldBeShort() =>
        Llm.Calls.Recent.ShouldAllBe(call => Encoding.UTF8.GetByteCount(call.Body) < 128 * 1024);

    private static string Nested(int depth, string open = "[", string close = "]") =>
        new StringBuilder()
            .Insert(0, open, depth)
            .Append('1')
            .Insert(depth * open.Length + 1, close, depth)
            .ToString();

    private static string[] Iterations(int count, int bytes = 250) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(n =>
                    $$"""{"id":"{{n}}","plan":[],"overallStatus":"approved","summary":"{{new string('s', bytes - 80)}}"}"""
                ),
        ];
}

public sealed class BoundsOfGenerationOneTests() : BoundsTests(LogGeneration.One);

public sealed class BoundsOfGenerationTwoTests() : BoundsTests(LogGeneration.Two)
{
    // How many rows a record has is the same to both generations, and it takes long.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_record_of_100_000_changes_is_folded_and_written_like_any_other(bool isFromNothing)
    {
        var node = await StartAsync();
        if (!isFromNothing)
        {
            (await node.TickAsync()).Errors.ShouldBeEmpty();
        }

        var mission = await InsertDueAsync("busy");
        await Database.ExecuteAsync(
            """
            insert into public.sync_changes (app_id, table_name, record_id, user_id, op, client_id, created_at, data,
                                             field_meta)
            select 'ai', 'aiMissions', 'busy', 'user-1', 'update', 'device-1', now() + n * interval '1 microsecond',
                   jsonb_build_object('title', 'title ' || n),
                   jsonb_build_object('title', to_char(timestamp '2026-01-01' + n * interval '1 second',
                                                       'YYYY-MM-DD"T"HH24:MI:SS".000Z"'))
              from generate_series(1, 100000) n
            """
        );
        await InsertDueAsync("other");

        (await node.TickAsync()).Numbers.ShouldBe((2, 2, 2, 0));

        (await Database.MissionAsync(mission))
            .Record!.Value.GetProperty("title")
            .GetString()
            .ShouldBe("title 100000");
        (await node.MetricAsync("mana_ai_snapshot_rows_applied_total")).ShouldBeGreaterThanOrEqualTo(100_002);
    }
}
