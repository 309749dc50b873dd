using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace ManaAi.Tests.Runs;

/// <summary>What operators ask for: one now, one again, none, or nothing for a while.</summary>
public sealed class RunRequestsTests : BenchTests
{
    private static readonly Verdict _failed = Verdicts.UnusablePlan("No JSON.");

    private RunRequests Requests => new(Bench.Sync, Bench.Metrics, NullLogger<RunRequests>.Instance);

    private Pauses Pauses => new(Bench.Sync, NullLogger<Pauses>.Instance);

    [Fact]
    public async Task A_run_that_was_asked_for_plans_at_once_and_leaves_a_future_date_alone()
    {
        var node = Bench.Node();
        var mission = await InsertLaterAsync();
        await node.TickAsync();

        var done = (await RunNowAsync(mission)).ShouldBeOfType<RunRequestResult.Done>();
        var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.Written);

        (done.IsNew, claim.RunId, claim.IsManual).ShouldBe((true, done.RunId, true));
        var row = (await Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.Data.EnumerateObject().Select(field => field.Name).ShouldBe(["iterations"]);
        (await Database.MissionAsync(mission)).NextRunAt.ShouldBe(mission.DueAt);
        await Bench.ShouldBeFoldedAsync(mission);
    }

    [Fact]
    public async Task A_run_that_was_asked_for_and_skipped_says_why_and_leaves_a_future_date_alone()
    {
        var node = Bench.Node();
        var mission = await InsertLaterAsync();
        await node.TickAsync();
        await RunNowAsync(mission);
        var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();

        await node.WriteAsync(claim, new Verdict.Skipped("budget", "used up"));

        var run = await Database.RunAsync(claim.RunId);
        (run.Verdict, run.Reason).ShouldBe(("skipped", "budget"));
        (await Database.OwnChangesAsync()).ShouldBeEmpty();
        (await Database.MissionAsync(mission)).NextRunAt.ShouldBe(mission.DueAt);
    }

    [Fact]
    public async Task A_double_click_is_one_run()
    {
        var node = Bench.Node();
        var mission = await InsertLaterAsync();
        await node.TickAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RunNowAsync(mission)));

        results.Cast<RunRequestResult.Done>().Count(done => done.IsNew).ShouldBe(1);
        results.Cast<RunRequestResult.Done>().Select(done => done.RunId).Distinct().Count().ShouldBe(1);
        (await Database.RunsAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_due_or_waits_has_its_turn_first_instead_of_a_second_run()
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = 1 });
        await Bench.InsertDueAsync("other");
        var mission = await Bench.InsertDueAsync("wanted");
        await node.TickAsync();
        foreach (var claim in await node.ClaimAsync())
        {
            await node.ReleaseAsync(claim, new Release(TimeSpan.FromHours(1), "retry", "503", true));
        }

        (await RunNowAsync(mission)).ShouldBeOfType<RunRequestResult.Done>().IsNew.ShouldBeFalse();

        var wanted = (await node.ClaimAsync()).ShouldHaveSingleItem();
        (wanted.Mission.MissionId.Value, wanted.IsHurried, wanted.IsManual).ShouldBe(("wanted", true, false));
    }

    [Fact]
    public async Task A_run_that_was_asked_for_moves_a_date_that_has_come_meanwhile()
    {
        var node = Bench.Node();
        var mission = await InsertLaterAsync();
        await node.TickAsync();
        await RunNowAsync(mission);
        var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
        await Bench.EditAsync(mission, "nextRunAt", $"\"{await Bench.StampAsync()}\"");

        await node.WriteAsync(claim);

        (await Database.MissionAsync(mission)).NextRunAt!.Value.ShouldBeGreaterThan(await Bench.NowAsync());
        (await node.TickAsync()).ShouldBeEmpty("the run that was asked for stands for it");
    }

    [Theory]
    [InlineData("state", "\"paused\"", "not active")]
    [InlineData("objective", "\"enc:1:AAAA.BBBB\"", "ciphertext")]
    public async Task What_cannot_run_is_refused_with_the_reason(string field, string json, string reason)
    {
        var node = Bench.Node();
        var mission = await InsertLaterAsync();
        await Bench.EditAsync(mission, field, json);
        await node.TickAsync();

        (await RunNowAsync(mission)).ShouldBeOfType<RunRequestResult.Refused>().Reason.ShouldContain(reason);
        (
            await Requests.RunNowAsync(
                new MissionKey(new UserId("user-1"), new MissionId("nobody")),
                CancellationToken.None
            )
        ).ShouldBeOfType<RunRequestResult.NotFound>();
        (await Database.RunsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_run_that_was_asked_for_is_superseded_when_its_mission_may_not_run_any_more()
    {
        var node = Bench.Node();
        var mission = await InsertLaterAsync();
        await node.TickAsync();
        await RunNowAsync(mission);
        await Bench.EditAsync(mission, "state", "\"paused\"");

        await node.TickAsync();

        (await Database.RunsAsync()).ShouldHaveSingleItem().Verdict.ShouldBe("superseded");
    }

    [Fact]
    public async Task A_failed_run_can_be_repeated_and_the_repeat_names_it()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        (await Requests.RetryAsync(claim.RunId, CancellationToken.None))
            .ShouldBeOfType<RunRequestResult.Refused>()
            .Reason.ShouldContain("open");
        await node.WriteAsync(claim, _failed);

        var done = (
            await Requests.RetryAsync(claim.RunId, CancellationToken.None)
        ).ShouldBeOfType<RunRequestResult.Done>();

        (
            await Database.ReadAsync<long>($"select retry_of from mana_ai.runs where run_id = {done.RunId}")
        ).ShouldBe(claim.RunId);
        (await Requests.RetryAsync(4711, CancellationToken.None)).ShouldBeOfType<RunRequestResult.NotFound>();
    }

    [Fact]
    public async Task A_cancelled_run_is_lost_to_who_holds_it_and_its_schedule_moves_on()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await node.AdmitAsync(claim, 70);

        (
            await Requests.CancelAsync(claim.RunId, "not wanted", CancellationToken.None)
        ).ShouldBeOfType<RunRequestResult.Done>();

        (await node.Ledger.RenewAsync([claim], CancellationToken.None)).ShouldBeEmpty();
        (await node.WriteAsync(claim)).ShouldBe(WriteBackResult.ClaimLost);
        var run = await Database.RunAsync(claim.RunId);
        (run.Verdict, run.Reason, run.Detail).ShouldBe(("skipped", "cancelled", "not wanted"));
        await node.TickAsync();
        (await Database.MissionAsync(mission)).NextRunAt!.Value.ShouldBeGreaterThan(mission.DueAt!.Value);
        (
            await Requests.CancelAsync(claim.RunId, "again", CancellationToken.None)
        ).ShouldBeOfType<RunRequestResult.Refused>();
    }

    [Fact]
    public async Task A_pause_holds_back_the_whole_service_a_user_or_a_mission_and_ends_when_resumed()
    {
        var (node, other) = (Bench.Node(), Bench.Node("other"));
        foreach (
            var (user, id) in (List<(string, string)>)[("user-1", "a"), ("user-1", "b"), ("user-2", "c")]
        )
        {
            await Bench.InsertDueAsync(id, mission => mission with { UserId = user });
        }

        await node.TickAsync();
        await PauseAsync(PauseScope.Service);
        (await other.ClaimAsync()).ShouldBeEmpty();
        (await other.RoundAsync()).Gate.Degradations.ShouldHaveSingleItem().ShouldContain("maintenance");
        await PauseAsync(new PauseScope("user-2", ""));
        await PauseAsync(new PauseScope("user-1", "a"));
        (await Pauses.ListAsync(CancellationToken.None)).Count.ShouldBe(3);

        (await Pauses.ResumeAsync(PauseScope.Service, CancellationToken.None)).ShouldBeTrue();
        (await other.ClaimAsync()).ShouldHaveSingleItem().Mission.MissionId.Value.ShouldBe("b");
        (await other.ClaimAsync()).ShouldBeEmpty();
        (await other.Ledger.UntilReadyAsync(CancellationToken.None)).ShouldNotBe(TimeSpan.Zero);

        await Pauses.ResumeAsync(new PauseScope("user-2", ""), CancellationToken.None);
        (await node.ClaimAsync()).ShouldHaveSingleItem().Mission.MissionId.Value.ShouldBe("c");
        await Pauses.ResumeAsync(new PauseScope("user-1", "a"), CancellationToken.None);
        (await node.ClaimAsync()).ShouldHaveSingleItem().Mission.MissionId.Value.ShouldBe("a");
        (await Pauses.ResumeAsync(PauseScope.Service, CancellationToken.None)).ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("mission-1")]
    public async Task Whom_an_operator_paused_stands_in_nobodys_way(string pausedMission)
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync(change: mission => mission with { UserId = "user-1" });
        await node.TickAsync();
        await Bench.InsertDueAsync(change: mission => mission with { UserId = "user-2" });
        await node.TickAsync();
        await PauseAsync(new PauseScope("user-1", pausedMission));

        var first = await node.RoundAsync(slots: 1);
        var second = await node.RoundAsync(slots: 1);

        (first.Claims.Count, first.HasPassedOver).ShouldBe((0, true));
        second.Claims.ShouldHaveSingleItem().Mission.UserId.Value.ShouldBe("user-2");

        await Bench.InsertDueAsync(change: mission => mission with { UserId = "user-3" });
        await node.TickAsync();
        var third = await node.RoundAsync(slots: 1);
        third
            .Claims.ShouldHaveSingleItem("a tick brings the paused one up no more")
            .Mission.UserId.Value.ShouldBe("user-3");
    }

    [Fact]
    public async Task Who_begins_to_follow_the_events_asks_for_those_that_nobody_can_see_yet()
    {
        const string insert =
            "insert into mana_ai.events (kind, user_id, mission_id) values ('due', 'u', 'm')";
        await Database.ExecuteAsync(insert);
        await Database.ExecuteAsync("select nextval(pg_get_serial_sequence('mana_ai.events', 'event_id'))");
        await Database.ExecuteAsync(insert);
        var events = new EventList(Bench.Sync);

        var fresh = await events.BeginAsync(last: null, TimeProvider.System, CancellationToken.None);
        var again = await events.BeginAsync(fresh.Last - 1, TimeProvider.System, CancellationToken.None);

        fresh.Missing.ShouldContain(fresh.Last - 1);
        again.Last.ShouldBe(fresh.Last - 1);
    }

    [Fact]
    public async Task A_pause_with_an_end_ends_by_itself()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        await node.TickAsync();
        await PauseAsync(PauseScope.Service, await Bench.NowAsync() + TimeSpan.FromHours(1));
        (await node.ClaimAsync()).ShouldBeEmpty();
        await Database.ExecuteAsync("update mana_ai.pauses set until = clock_timestamp()");

        (await node.ClaimAsync()).Count.ShouldBe(1);
        (
            await Pauses.PauseAsync(new PauseScope("nobody", ""), "maintenance", null, CancellationToken.None)
        ).ShouldBeFalse("there is no such user");
    }

    [Fact]
    public async Task Everything_that_happens_to_a_run_is_told_in_order()
    {
        var (node, next) = (Bench.Node(), Bench.Node("next"));
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await node.AdmitAsync(claim);
        await node.KeepAsync(claim, "{}", tokens: 40);
        await node.ReleaseAsync(claim, new Release(TimeSpan.Zero, "retry", "503", CostsAttempt: true));
        (await node.ClaimAsync()).Count.ShouldBe(1);
        await Bench.AgeLeasesAsync();
        (await next.ClaimAsync()).Count.ShouldBe(1);
        await next.Ledger.HandBackAsync(CancellationToken.None);
        var taken = (await next.ClaimAsync()).ShouldHaveSingleItem();
        await next.WriteAsync(taken, _failed);
        await Requests.RetryAsync(taken.RunId, CancellationToken.None);

        var told = await Database.ReadAsync<string>(
            "select string_agg(concat_ws(' ', kind, node), ', ' order by event_id) from mana_ai.events"
        );

        told.ShouldBe(
            "due, claimed node-1, asked node-1, answered node-1, waits node-1, claimed node-1, taken-over next, "
                + "handed-back next, claimed next, failed next, asked-for"
        );
    }

    private async Task<DeviceMission> InsertLaterAsync() =>
        await Bench.InsertDueAsync(change: mission =>
            mission with
            {
                DueAt = mission.DueAt + TimeSpan.FromHours(5),
            }
        );

    private Task<RunRequestResult> RunNowAsync(DeviceMission mission) =>
        Requests.RunNowAsync(
            new MissionKey(new UserId(mission.UserId), new MissionId(mission.Id)),
            CancellationToken.None
        );

    private async Task PauseAsync(PauseScope scope, DateTimeOffset? until = null) =>
        (await Pauses.PauseAsync(scope, "maintenance", until, CancellationToken.None)).ShouldBeTrue();
}
