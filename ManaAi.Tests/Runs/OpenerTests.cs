using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Runs;

/// <summary>Which missions become occurrences, and which occurrences are closed without a plan.</summary>
public sealed class OpenerTests : BenchTests
{
    [Fact]
    public async Task A_due_mission_is_opened_once_however_often_and_by_whom_it_is_looked_at()
    {
        await Bench.InsertDueAsync();
        await Task.WhenAll(Enumerable.Range(1, 4).Select(node => Bench.Node($"node-{node}").TickAsync()));
        await Bench.Node().TickAsync();

        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBeNull();
    }

    [Fact]
    public async Task The_table_itself_holds_an_occurrence_once_also_when_it_is_closed()
    {
        // As a tick would that had looked before another node opened it, planned it and closed it.
        const string openAgain = """
            insert into mana_ai.runs (user_id, mission_id, due_at, priority, claimable_at)
            select user_id, mission_id, due_at, priority, now() from mana_ai.runs
            """;
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        await node.TickAsync();
        await node.WriteAsync((await node.ClaimAsync()).ShouldHaveSingleItem());

        var refused = await Should.ThrowAsync<PostgresException>(() => Database.ExecuteAsync(openAgain));

        refused.SqlState.ShouldBe(PostgresErrorCodes.UniqueViolation);
        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("planned");
    }

    [Fact]
    public async Task Two_texts_for_one_instant_are_one_occurrence()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        await node.TickAsync();
        var dueAt = mission.DueAt!.Value.ToOffset(TimeSpan.FromHours(2));
        var text = dueAt.ToString(
            "yyyy-MM-dd'T'HH:mm:ss.fffzzz",
            System.Globalization.CultureInfo.InvariantCulture
        );
        await Bench.EditAsync(mission, "nextRunAt", $"\"{text}\"");

        (await node.TickAsync()).Count.ShouldBe(1);

        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBeNull();
    }

    [Fact]
    public async Task A_newer_due_instant_supersedes_a_run_that_nobody_holds()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        await node.TickAsync();
        var newer = await MoveAsync(mission, TimeSpan.FromSeconds(30));

        await node.TickAsync();

        (await Database.RunsAsync())
            .Select(run => (run.DueAt, run.Verdict))
            .ShouldBe([(mission.DueAt!.Value, "superseded"), (newer, null)]);
    }

    [Fact]
    public async Task A_newer_due_instant_waits_for_a_run_that_somebody_holds()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await MoveAsync(mission, TimeSpan.FromSeconds(30));

        await node.TickAsync();
        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBeNull();

        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.Superseded);
        await node.TickAsync();
        (await Database.RunsAsync()).Select(run => run.Verdict).ShouldBe(["superseded", null]);
    }

    public static TheoryData<string, string, string> Ends =>
        new()
        {
            { "paused", "state", "\"paused\"" },
            { "deleted", "deletedAt", "\"2026-01-01T00:00:00.000Z\"" },
            { "rescheduled", "nextRunAt", "\"2999-01-01T00:00:00.000Z\"" },
            { "cleared", "nextRunAt", "null" },
            { "encrypted", "objective", "\"enc:1:abc.def\"" },
        };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task A_run_whose_mission_is_no_longer_due_is_superseded_and_the_old_claim_stays_void(
        string why,
        string field,
        string json
    )
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var lapsed = await node.TickAndClaimAsync();
        await Bench.AgeLeasesAsync();
        await Bench.EditAsync(mission, field, json);

        (await node.TickAsync()).ShouldBeEmpty(why);

        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("superseded", why);
        (await node.ClaimAsync()).ShouldBeEmpty(why);
        (await node.WriteAsync(lapsed)).ShouldBe(WriteBackResult.ClaimLost, why);
    }

    [Fact]
    public async Task A_hard_delete_supersedes_too()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        await node.TickAsync();
        await Database.InsertChangeAsync(new DeviceChange(mission.Id, null) { Op = "delete" });

        (await node.TickAsync()).ShouldBeEmpty();

        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("superseded");
    }

    [Fact]
    public async Task A_superseded_run_whose_mission_qualifies_again_goes_on_with_its_attempts()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var first = await node.TickAndClaimAsync();
        await Bench.AgeLeasesAsync();
        await Bench.EditAsync(mission, "state", "\"paused\"");
        await node.TickAsync();
        await Bench.EditAsync(mission, "state", "\"active\"");

        var again = await node.TickAndClaimAsync();

        (again.RunId, again.Attempt).ShouldBe((first.RunId, 2));
        again.Epoch.ShouldBeGreaterThan(first.Epoch);
    }

    [Fact]
    public async Task An_instant_that_has_its_verdict_is_not_planned_again_its_schedule_moves_on_by_a_row_of_its_own()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await node.WriteAsync(claim);
        await Bench.EditAsync(mission, "nextRunAt", $"\"{IsoText.Milliseconds(mission.DueAt!.Value)}\"");

        (await node.TickAsync()).ShouldBeEmpty();

        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("planned");
        var row = (await Database.OwnChangesAsync())[^1];
        row.Data.EnumerateObject().Select(field => field.Name).ShouldBe(["nextRunAt"]);
        row.Columns["origin"].GetString().ShouldBe("system");
        JsonElement
            .DeepEquals(
                row.Actor,
                JsonDocument
                    .Parse("""{"kind":"system","principalId":"system:mission-runner","displayName":"Mana"}""")
                    .RootElement
            )
            .ShouldBeTrue(row.Actor.GetRawText());
        var stamp = row.Stamps.GetProperty("nextRunAt").GetString()!;
        row.Id.ShouldBe(claim.Occurrence.ScheduleChangeId(stamp));
        row.Id.ToString()[14].ShouldBe('5');
        (await Database.MissionAsync(mission))
            .NextRunAt.ShouldNotBeNull()
            .ShouldBeGreaterThan(await Bench.NowAsync());
        await Bench.ShouldBeFoldedAsync(mission);
        await node.FoldAsync();
        await Bench.ShouldBeFoldedAsync(mission);
    }

    [Fact]
    public async Task Two_nodes_that_move_a_schedule_on_write_one_row()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        await node.WriteAsync(await node.TickAndClaimAsync());
        await Bench.EditAsync(mission, "nextRunAt", $"\"{IsoText.Milliseconds(mission.DueAt!.Value)}\"");
        await node.FoldAsync();

        await Task.WhenAll(Enumerable.Range(1, 4).Select(other => Bench.Node($"node-{other}").TickAsync()));

        (await Database.OwnChangesAsync()).Count.ShouldBe(2, "the iteration, and one schedule");
    }

    [Fact]
    public async Task A_schedule_that_the_log_refuses_keeps_nobody_else_from_being_opened()
    {
        var node = Bench.Node();
        var refused = await Bench.InsertDueAsync("refused");
        await node.WriteAsync(await node.TickAndClaimAsync());
        await Bench.EditAsync(refused, "nextRunAt", $"\"{IsoText.Milliseconds(refused.DueAt!.Value)}\"");
        await Bench.InsertDueAsync("other");
        await Database.RefuseRowsOfAsync("refused");

        (await node.TickAsync()).Count.ShouldBe(1);

        (await node.ClaimAsync()).ShouldHaveSingleItem().Mission.MissionId.Value.ShouldBe("other");
    }

    [Fact]
    public async Task However_many_schedules_the_log_refuses_the_others_are_moved_on()
    {
        var node = Bench.Node();
        await Bench.InsertManyDueAsync("crowd", 250);
        var other = await Bench.InsertDueAsync();
        await node.TickAsync();
        await Database.ExecuteAsync(
            """
            update mana_ai.runs set verdict = 'skipped', reason = 'missed', closed_at = now();
            create function public.refuse() returns trigger language plpgsql as
              $$ begin raise exception 'not this one' using errcode = 'check_violation'; end $$;
            create trigger refuse before insert on public.sync_changes for each row
              when (new.client_id = 'mana-ai-runner' and new.user_id = 'crowd') execute function public.refuse()
            """
        );

        await node.TickAsync(); // These were due first, and are as many as one tick looks at.
        await node.TickAsync();

        (await Database.OwnChangesAsync()).ShouldHaveSingleItem().RecordId.ShouldBe(other.Id);
    }

    [Fact]
    public async Task However_many_first_schedules_the_log_refuses_the_others_get_theirs()
    {
        var node = Bench.Node();
        await Bench.InsertManyDueAsync("crowd", 250);
        await Database.ExecuteAsync(
            """
            update public.sync_changes
               set data = data - 'nextRunAt' || '{"cadence": {"kind": "cron", "expression": "0 7 * * *"}}';
            create function public.refuse() returns trigger language plpgsql as
              $$ begin raise exception 'not this one' using errcode = 'check_violation'; end $$;
            create trigger refuse before insert on public.sync_changes for each row
              when (new.client_id = 'mana-ai-runner' and new.user_id = 'crowd') execute function public.refuse()
            """
        );
        const string cron = """{"kind":"cron","expression":"0 7 * * *"}""";
        await Bench.InsertDueAsync(change: one => one with { DueAt = null, Cadence = cron });

        await node.TickAsync(); // In the order of their keys the crowd comes first.
        await node.TickAsync();

        (await Database.OwnChangesAsync()).ShouldHaveSingleItem().UserId.ShouldBe("user-1");
    }

    [Fact]
    public async Task Without_a_schedule_to_move_the_occurrence_is_planned_once_and_nextRunAt_stays()
    {
        var node = Bench.Node(options: new RunOptions { IsScheduleAdvanced = false });
        var mission = await Bench.InsertDueAsync();
        await node.WriteAsync(await node.TickAndClaimAsync());

        (await node.TickAsync()).ShouldBeEmpty();

        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("planned");
        var row = (await Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Data.EnumerateObject().Select(field => field.Name).ShouldBe(["iterations"]);
        (await Database.MissionAsync(mission)).NextRunAt.ShouldBe(mission.DueAt);
        await Bench.ShouldBeFoldedAsync(mission);
    }

    [Theory]
    [InlineData("enc:1:YWJj.ZGVm", "One chapter", "ciphertext")]
    [InlineData("Read", "enc:1:YWJj.ZGVm", "ciphertext")]
    [InlineData("Read", "One chapter", null)]
    public async Task Ciphertext_is_left_to_the_devices(string objective, string concept, string? obstacle)
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync(change: one => one with { Objective = objective });
        await Bench.EditAsync(mission, "conceptMarkdown", JsonSerializer.Serialize(concept));

        (await node.TickAsync()).Count.ShouldBe(obstacle is null ? 1 : 0);

        (await Database.MissionAsync(mission)).Obstacle.ShouldBe(obstacle);
        (await Database.RunsAsync()).Count.ShouldBe(obstacle is null ? 1 : 0);
        (await Database.OwnChangesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_mission_that_a_device_runs_is_open_and_claimed_when_its_ten_minutes_are_over()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        await Bench.EditAsync(
            mission,
            "iterations",
            $"[{DeviceIteration.Running("i-1", await Bench.StampAsync())}]"
        );

        (await node.TickAsync()).ShouldBeEmpty();
        (await node.ClaimAsync()).ShouldBeEmpty();
        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBeNull();
        var until = (await Database.MissionAsync(mission)).RunningUntil.ShouldNotBeNull();
        (until - await Bench.NowAsync()).ShouldBeInRange(TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
        (await node.Ledger.UntilReadyAsync(CancellationToken.None))
            .ShouldNotBeNull()
            .ShouldBeGreaterThan(TimeSpan.FromMinutes(9), "nobody looks before that");

        await Database.ExecuteAsync(
            "update mana_ai.missions set running_until = now() - interval '1 second'"
        );
        (await node.TickAsync()).Count.ShouldBe(1);
        (await node.ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Every_occurrence_is_in_exactly_one_sum()
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = 9 });
        var missions = new List<DeviceMission>();
        foreach (var id in (string[])["planned", "empty", "failed", "superseded", "held", "open"])
        {
            missions.Add(await Bench.InsertDueAsync(id));
        }

        await node.TickAsync();
        var claims = (await node.ClaimAsync()).ToDictionary(claim => claim.Mission.MissionId.Value);
        await node.WriteAsync(claims["planned"]);
        await node.WriteAsync(claims["empty"], new Verdict.Planned(new("Nothing to do.", [])));
        await node.WriteAsync(claims["failed"], Verdicts.UnreadableMission());
        await Bench.EditAsync(missions[3], "state", "\"paused\"");
        await node.WriteAsync(claims["superseded"]);
        await node.ReleaseAsync(claims["open"], new Release(TimeSpan.Zero, "retry", "", true));

        var sums = await node.Ledger.SumVerdictsAsync(CancellationToken.None);

        sums.ShouldBe([
            ("empty", null, 1),
            ("failed", "unreadable-mission", 1),
            ("open", null, 2),
            ("planned", null, 1),
            ("superseded", null, 1),
        ]);
        sums.Sum(sum => sum.Count).ShouldBe(missions.Count);
    }

    private async Task<DateTimeOffset> MoveAsync(DeviceMission mission, TimeSpan by)
    {
        var dueAt = mission.DueAt!.Value + by;
        await Bench.EditAsync(mission, "nextRunAt", $"\"{IsoText.Milliseconds(dueAt)}\"");
        return dueAt;
    }
}
