using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>What devices and other nodes do between a claim and its write-back.</summary>
public sealed class WriteBackRaceTests : BenchTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_devices_edit_of_iterations_survives_and_ours_follows_it(bool isFolded)
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync(change: one =>
            one with
            {
                Iterations = [DeviceIteration.Approved("i-1")],
            }
        );
        var claim = await node.TickAndClaimAsync();
        var stamp = await Bench.StampAsync();
        await Bench.EditAsync(
            mission,
            "iterations",
            $"[{DeviceIteration.Approved("i-1")},{DeviceIteration.Approved("i-2")}]",
            stamp
        );
        if (isFolded)
        {
            await node.FoldAsync();
        }

        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.Written);

        var row = (await Database.OwnChangesAsync()).ShouldHaveSingleItem();
        Ids(row).ShouldBe(["i-1", "i-2", claim.Occurrence.IterationId.ToString()]);
        string.CompareOrdinal(row.Stamps.GetProperty("iterations").GetString(), stamp)
            .ShouldBeGreaterThanOrEqualTo(0);
        await ShouldBeFoldedOnceAsync(node, mission);
    }

    [Fact]
    public async Task An_edit_that_commits_behind_what_was_folded_takes_its_place_in_the_order()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var stamp = await Bench.StampAsync();
        await using var late = await Database.BeginAsDeviceAsync(mission.UserId);
        await late.InsertAsync(mission.ToEdit(Database.Generation, "title", "\"late\"", stamp));
        await Bench.EditAsync(mission, "title", "\"in time\"", stamp);
        var claim = await node.TickAndClaimAsync();
        await late.CommitAsync();

        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.Written);

        // A tie: the row that stands later in the log wins, whenever the other became visible.
        (await Database.MissionAsync(mission))
            .Record!.Value.GetProperty("title")
            .GetString()
            .ShouldBe("in time");
        await ShouldBeFoldedOnceAsync(node, mission);
    }

    /// <summary>As far back as a sweep looks, which is a day.</summary>
    [Theory]
    [InlineData(23, WriteBackResult.Superseded)]
    [InlineData(25, WriteBackResult.Written)]
    public async Task An_edit_of_a_long_transaction_is_looked_for_as_far_back_as_by_a_sweep(
        int hours,
        WriteBackResult expected
    )
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await Database.InsertChangeAsync(
            mission.ToEdit(Database.Generation, "state", "\"paused\"", await Bench.StampAsync()) with
            {
                CreatedAt = TimeProvider.System.GetUtcNow().AddHours(-hours),
            }
        );

        (await node.WriteAsync(claim)).ShouldBe(expected);
    }

    [Fact]
    public async Task An_edit_is_seen_though_the_databases_clock_was_set_back_by_days()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await Database.ExecuteAsync(
            "update mana_ai.cursor set read_at = read_at + interval '3 days', swept_at = swept_at + interval '3 days'"
        );
        await Bench.EditAsync(mission, "state", "\"paused\"");

        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.Superseded);
    }

    /// <summary>Each also where a tick has folded it before the write-back.</summary>
    public static TheoryData<string, string, string, bool> Obstacles
    {
        get
        {
            var obstacles = new TheoryData<string, string, string, bool>();
            foreach (var isFolded in (bool[])[false, true])
            {
                obstacles.Add("paused", "state", "\"paused\"", isFolded);
                obstacles.Add("deleted", "deletedAt", "\"2026-01-01T00:00:00.000Z\"", isFolded);
                obstacles.Add("rescheduled", "nextRunAt", "\"2999-01-01T00:00:00.000Z\"", isFolded);
                obstacles.Add("due since earlier", "nextRunAt", "\"2026-01-01T00:00:00.000Z\"", isFolded);
                obstacles.Add("schedule cleared", "nextRunAt", "null", isFolded);
                obstacles.Add("schedule unreadable", "nextRunAt", "\"tomorrow\"", isFolded);
                obstacles.Add("encrypted", "objective", "\"enc:1:YWJj.ZGVm\"", isFolded);
                obstacles.Add("run by a device", "iterations", "running", isFolded);
            }

            return obstacles;
        }
    }

    [Theory]
    [MemberData(nameof(Obstacles))]
    public async Task A_mission_that_is_no_longer_due_is_not_written(
        string why,
        string field,
        string json,
        bool isFolded
    )
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        var value =
            json == "running" ? $"[{DeviceIteration.Running("i-1", await Bench.StampAsync())}]" : json;
        await Bench.EditAsync(mission, field, value);
        if (isFolded)
        {
            await node.TickAsync();
        }

        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.Superseded, why);

        await ShouldHaveWrittenNothingAsync(claim, "superseded");
        await ShouldBeFoldedOnceAsync(node, mission);
    }

    [Fact]
    public async Task A_hard_delete_is_not_undone()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await Database.InsertChangeAsync(new DeviceChange(mission.Id, null) { Op = "delete" });

        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.Superseded);

        await ShouldHaveWrittenNothingAsync(claim, "superseded");
    }

    [Fact]
    public async Task A_row_too_new_to_understand_is_not_written_over()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await Database.InsertChangeAsync(
            mission.ToEdit(Database.Generation, "iterations", "[]", await Bench.StampAsync()) with
            {
                SchemaVersion = 2,
            }
        );

        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.Superseded);

        await ShouldHaveWrittenNothingAsync(claim, "superseded");
    }

    [Fact]
    public async Task A_device_that_began_more_than_ten_minutes_ago_is_no_longer_waited_for()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync(change: mission =>
            mission with
            {
                Iterations = [DeviceIteration.Running("i-1", "2020-01-01T00:00:00.000Z")],
            }
        );

        (await node.WriteAsync(await node.TickAndClaimAsync())).ShouldBe(WriteBackResult.Written);
    }

    [Fact]
    public async Task Whoever_lost_the_claim_writes_nothing()
    {
        var (late, next) = (Bench.Node("late"), Bench.Node("next"));
        var mission = await Bench.InsertDueAsync();
        var claim = await late.TickAndClaimAsync();
        await Bench.AgeLeasesAsync();
        var taken = (await next.ClaimAsync()).ShouldHaveSingleItem();

        (await late.WriteAsync(claim)).ShouldBe(WriteBackResult.ClaimLost);

        await ShouldHaveWrittenNothingAsync(claim, verdict: null);
        (await next.WriteAsync(taken)).ShouldBe(WriteBackResult.Written);
        (await late.WriteAsync(claim)).ShouldBe(WriteBackResult.ClaimLost);
        (await Database.OwnChangesAsync()).Count.ShouldBe(1);
        await ShouldBeFoldedOnceAsync(next, mission);
    }

    [Fact]
    public async Task The_same_node_with_an_older_epoch_writes_nothing()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await Bench.AgeLeasesAsync();
        await node.ClaimAsync();

        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.ClaimLost);

        await ShouldHaveWrittenNothingAsync(claim, verdict: null);
    }

    [Fact]
    public async Task A_write_whose_acknowledgement_was_lost_is_not_written_again()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();

        var results = await Task.WhenAll(Enumerable.Range(1, 4).Select(_ => node.WriteAsync(claim)));

        results.Count(result => result == WriteBackResult.Written).ShouldBe(1);
        results.Count(result => result == WriteBackResult.ClaimLost).ShouldBe(3);
        (await Database.OwnChangesAsync()).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("planned")]
    [InlineData("empty")]
    [InlineData("failed")]
    public async Task A_row_that_is_already_in_the_log_decides_how_the_run_ends(string word)
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        Verdict verdict = word switch
        {
            "planned" => LedgerBench.Planned,
            "empty" => new Verdict.Planned(new("Nothing to do.", [])),
            _ => Verdicts.UnreadableMission(),
        };
        await node.WriteAsync(await node.TickAndClaimAsync(), verdict);

        // The ledger is lost, as by a restore, and a device writes the old schedule back.
        await Database.ExecuteAsync("delete from mana_ai.runs");
        await Bench.EditAsync(mission, "nextRunAt", $"\"{IsoText.Milliseconds(mission.DueAt!.Value)}\"");
        var again = await node.TickAndClaimAsync();

        (await node.WriteAsync(again)).ShouldBe(WriteBackResult.Written);

        (await Database.RunAsync(again.RunId)).Verdict.ShouldBe(word);
        var row = (await Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Id.ShouldBe(again.Occurrence.ChangeId);
        Ids(row).ShouldBe([again.Occurrence.IterationId.ToString()]);
        await ShouldBeFoldedOnceAsync(node, mission);
    }

    [Fact]
    public async Task An_id_that_another_user_holds_ends_the_run_without_a_row_and_without_a_lie()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await Database.InsertChangeAsync(
            new DeviceChange("squatter", "{}") { Id = claim.Occurrence.ChangeId, UserId = "user-2" }
        );

        await node.WriteAsync(claim);

        await ShouldHaveWrittenNothingAsync(claim, "skipped");
        var run = await Database.RunAsync(claim.RunId);
        (run.Reason, run.IterationId).ShouldBe(("collision", null));
        await node.TickAsync();
        (await Database.MissionAsync(mission)).NextRunAt.ShouldNotBe(
            mission.DueAt,
            "it goes on with the next one"
        );
    }

    [Fact]
    public async Task A_record_of_the_same_id_of_another_user_is_left_alone()
    {
        var node = Bench.Node();
        var mine = await Bench.InsertDueAsync();
        var other = new DeviceMission(mine.Id, null) { UserId = "user-2", Objective = "Other" };
        await Database.InsertChangeAsync(other.ToInsert());
        var claim = await node.TickAndClaimAsync();
        var before = await Database.MissionAsync(other);

        await node.WriteAsync(claim);

        (await Database.OwnChangesAsync()).ShouldHaveSingleItem().UserId.ShouldBe(mine.UserId);
        (await Database.MissionAsync(other)).PositionId.ShouldBe(before.PositionId);
        await ShouldBeFoldedOnceAsync(node, mine);
        await ShouldBeFoldedOnceAsync(node, other);
    }

    [Fact]
    public async Task The_row_comes_after_everything_that_was_folded_also_where_a_clock_ran_ahead()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var ahead = await Bench.NowAsync() + TimeSpan.FromHours(1);
        await Database.InsertChangeAsync(
            mission.ToEdit(Database.Generation, "title", "\"ahead\"", await Bench.StampAsync()) with
            {
                CreatedAt = ahead,
            }
        );
        var claim = await node.TickAndClaimAsync();

        await node.WriteAsync(claim);

        (await Database.OwnChangesAsync()).ShouldHaveSingleItem().CreatedAt.ShouldBeGreaterThan(ahead);
        await ShouldBeFoldedOnceAsync(node, mission);
    }

    private static IEnumerable<string?> Ids(OwnChange row) =>
        row.Iterations.Select(iteration => iteration.GetProperty("id").GetString());

    private async Task ShouldHaveWrittenNothingAsync(Claim claim, string? verdict)
    {
        (await Database.OwnChangesAsync()).ShouldBeEmpty();
        (await Database.RunAsync(claim.RunId)).Verdict.ShouldBe(verdict);
    }

    /// <summary>The projection is right now, after the feed has been there, and after it has swept.</summary>
    private async Task ShouldBeFoldedOnceAsync(BenchNode node, DeviceMission mission)
    {
        var isWritten = (await Database.OwnChangesAsync()).Count > 0;
        if (isWritten)
        {
            await Bench.ShouldBeFoldedAsync(mission);
        }

        var report = await node.FoldAsync();
        if (isWritten)
        {
            report.Rows.ShouldBe(0, "the write-back has folded its own row, and all that it read");
        }

        await Bench.ShouldBeFoldedAsync(mission);
        (await node.SweepAsync()).Rows.ShouldBe(0);
        await Bench.ShouldBeFoldedAsync(mission);
    }
}
