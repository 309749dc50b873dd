using System.Collections.Concurrent;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>Who may plan what, and when: turns, caps, leases and epochs, on a real database.</summary>
public sealed class ClaimTests : BenchTests
{
    private static readonly TimeSpan _anHour = TimeSpan.FromHours(1);

    [Fact]
    public async Task The_user_who_waits_longest_has_the_next_turn()
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = 9 });
        foreach (var user in (string[])["carol", "alice", "bob"])
        {
            await Bench.InsertManyDueAsync(user, 2);
            await node.TickAsync();
        }

        var served = new List<string>();
        for (var round = 0; round < 6; round++)
        {
            served.Add((await node.ClaimAsync(slots: 1)).ShouldHaveSingleItem().Mission.UserId.Value);
        }

        served.ShouldBe(["carol", "alice", "bob", "carol", "alice", "bob"]);
        (await node.ClaimAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(LogGeneration.One, "2019-01-01T00:00:00.000Z", false)]
    [InlineData(LogGeneration.One, "2021-01-01T00:00:00.000Z", true)]
    [InlineData(LogGeneration.Two, "2021-01-01T00:00:00.000Z", true)]
    [InlineData(LogGeneration.Two, null, false)]
    public async Task It_tells_whether_the_cadence_is_newer_than_the_instant_at_which_it_is_due(
        LogGeneration generation,
        string? stamp,
        bool isNewer
    )
    {
        await using var bench = await LedgerBench.CreateAsync(generation);
        var mission = await bench.InsertDueAsync();
        if (stamp is not null)
        {
            await bench.EditAsync(mission, "cadence", """{"kind":"daily","atHour":9,"atMinute":0}""", stamp);
        }

        (await bench.Node().TickAndClaimAsync()).IsCadenceNewer.ShouldBe(isNewer);
    }

    [Fact]
    public async Task The_first_claim_is_the_first_that_somebody_made_also_where_the_run_was_opened_again()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        await node.TickAsync();
        await Bench.EditAsync(mission, "state", "\"paused\"");
        await node.TickAsync();
        await Bench.EditAsync(mission, "state", "\"active\"");

        var first = await node.TickAndClaimAsync();
        await node.ReleaseAsync(first, new Release(TimeSpan.Zero, "rate-limit", "429", CostsAttempt: false));
        var second = (await node.ClaimAsync()).ShouldHaveSingleItem();

        first.Epoch.ShouldBeGreaterThan(1);
        (first.IsFirst, second.IsFirst, second.Attempt).ShouldBe((true, false, 1));
    }

    [Fact]
    public async Task What_was_just_given_back_is_not_renewed()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        await node.ReleaseAsync(claim, new Release(_anHour, "retry", "x", CostsAttempt: true));

        (await node.Ledger.RenewAsync([claim], CancellationToken.None)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_lapsed_lease_that_nobody_may_take_over_keeps_no_user_awake()
    {
        var (gone, node) = (Bench.Node("gone"), Bench.Node());
        await Bench.InsertManyDueAsync("user-1", 3);
        await gone.TickAsync();
        var held = (await gone.ClaimAsync(slots: 1)).ShouldHaveSingleItem();
        await Database.ExecuteAsync(
            $"insert into mana_ai.pauses (user_id, mission_id, reason) values ('user-1', '{held.Mission.MissionId.Value}', 'x')"
        );
        await Bench.AgeLeasesAsync();

        (await node.ClaimAsync()).Count.ShouldBe(2, "its cap");

        var wait = (await node.Ledger.UntilReadyAsync(CancellationToken.None)).ShouldNotBeNull();
        wait.ShouldBeGreaterThan(TimeSpan.FromSeconds(10), "nothing changes before a lease ends");
    }

    [Fact]
    public async Task A_users_cap_holds_over_all_nodes()
    {
        var (first, second) = (Bench.Node("node-1"), Bench.Node("node-2"));
        await Bench.InsertManyDueAsync("user-1", 5);
        await first.TickAsync();

        var held = (await first.ClaimAsync(1)).Concat(await second.ClaimAsync()).ToArray();
        held.Length.ShouldBe(2);
        held[0].RunId.ShouldNotBe(held[1].RunId);
        (await first.ClaimAsync()).ShouldBeEmpty();
        (await second.ClaimAsync()).ShouldBeEmpty();

        (await first.WriteAsync(held[0])).ShouldBe(WriteBackResult.Written);
        (await second.ClaimAsync()).Count.ShouldBe(1, "a run less, a place more");
    }

    [Fact]
    public async Task A_run_set_free_for_later_leaves_its_place_to_another_of_the_same_user_at_once()
    {
        var node = Bench.Node();
        await Bench.InsertManyDueAsync("user-1", 3);
        await node.TickAsync();
        var held = await node.ClaimAsync();
        (await node.ClaimAsync()).ShouldBeEmpty();

        await node.ReleaseAsync(held[0], new Release(_anHour, "rate-limit", "429", CostsAttempt: false));

        (await node.ClaimAsync()).ShouldHaveSingleItem().RunId.ShouldNotBe(held[0].RunId);
    }

    [Fact]
    public async Task A_user_without_an_open_run_comes_up_no_more()
    {
        var node = Bench.Node();
        await Bench.InsertManyDueAsync("user-1", 1);
        await node.WriteAsync(await node.TickAndClaimAsync());
        (await Bench.Database.ReadAsync<bool>("select ready_at is null from mana_ai.users")).ShouldBeTrue();

        await Bench.Database.ExecuteAsync("update mana_ai.users set ready_at = clock_timestamp()");

        (await node.RoundAsync()).HasPassedOver.ShouldBeTrue("others may wait behind this one");
        (await node.RoundAsync()).HasPassedOver.ShouldBeFalse("once is enough");
    }

    [Fact]
    public async Task Ten_thousand_due_missions_of_one_user_keep_anothers_single_one_waiting_two_rounds_at_most()
    {
        var node = Bench.Node();
        await Bench.InsertManyDueAsync("busy", 10_000);
        await node.TickAsync();
        var rounds = new List<IReadOnlyList<Claim>> { await node.ClaimAsync(2) };
        await Bench.InsertManyDueAsync("patient", 1);
        await node.TickAsync();

        for (var round = 0; round < 2; round++)
        {
            foreach (var claim in rounds[^1])
            {
                await node.WriteAsync(claim);
            }

            rounds.Add(await node.ClaimAsync(2));
        }

        rounds[0].Count.ShouldBe(2);
        rounds.SelectMany(round => round).ShouldContain(claim => claim.Mission.UserId.Value == "patient");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public async Task A_claim_takes_no_more_than_can_start_at_once_and_from_as_many_users_as_it_can(int slots)
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = 3 });
        foreach (var user in Enumerable.Range(1, 5))
        {
            await Bench.InsertManyDueAsync($"user-{user}", 3);
        }

        await node.TickAsync();
        var claims = await node.ClaimAsync(slots);

        claims.Count.ShouldBe(slots);
        claims.Select(claim => claim.Mission.UserId).Distinct().Count().ShouldBe(Math.Min(slots, 5));
        (await Database.RunsAsync()).Count(run => run.Epoch == 1).ShouldBe(slots);
    }

    [Fact]
    public async Task Eight_nodes_that_claim_at_once_never_claim_a_run_twice()
    {
        var options = new RunOptions { ConcurrentPerUserMax = 10 };
        foreach (var user in Enumerable.Range(1, 20))
        {
            await Bench.InsertManyDueAsync($"user-{user}", 10);
        }

        await Bench.Node().TickAsync();
        var claimed = new ConcurrentBag<long>();
        await Task.WhenAll(
            Enumerable
                .Range(1, 8)
                .Select(node => Task.Run(() => ClaimAllAsync(Bench.Node($"node-{node}", options))))
        );

        claimed.Count.ShouldBe(200);
        claimed.ShouldBeUnique();
        (await Database.RunsAsync()).ShouldAllBe(run => run.Epoch == 1 && run.Attempts == 1);

        // An empty claim can also mean that the others hold all users at this moment.
        async Task ClaimAllAsync(BenchNode node)
        {
            await Eventually.SeesAsync(
                async () =>
                {
                    foreach (var claim in await node.ClaimAsync(3))
                    {
                        claimed.Add(claim.RunId);
                    }

                    return claimed.Count;
                },
                count => count >= 200
            );
        }
    }

    [Fact]
    public async Task A_lapsed_lease_is_taken_over_with_a_higher_epoch_and_the_late_node_learns_it()
    {
        var (late, next) = (Bench.Node("late"), Bench.Node("next"));
        await Bench.InsertDueAsync();
        var before = await late.TickAndClaimAsync();
        (await next.ClaimAsync()).ShouldBeEmpty("the lease lives");

        await Bench.AgeLeasesAsync();
        var after = (await next.ClaimAsync()).ShouldHaveSingleItem();

        (after.RunId, after.Epoch, after.Attempt).ShouldBe((before.RunId, before.Epoch + 1, 2));
        (before.IsTakeover, after.IsTakeover).ShouldBe((false, true));
        (await late.Ledger.RenewAsync([before], CancellationToken.None)).ShouldBeEmpty();
        (await late.AdmitAsync(before)).ShouldBeOfType<Admission.Refused>();
        (await late.ReleaseAsync(before, new Release(TimeSpan.Zero, "retry", "", true))).ShouldBeFalse();
        (await late.WriteAsync(before)).ShouldBe(WriteBackResult.ClaimLost);
    }

    [Fact]
    public async Task A_renewal_says_which_claims_are_lost_and_lengthens_the_others()
    {
        var (mine, other) = (Bench.Node("mine"), Bench.Node("other"));
        await Bench.InsertDueAsync("mission-1");
        var lost = await mine.TickAndClaimAsync();
        await Bench.AgeLeasesAsync();
        await other.ClaimAsync();
        await Bench.InsertDueAsync("mission-2");
        var kept = await mine.TickAndClaimAsync();
        await Bench.AgeLeasesAsync();

        var renewed = await mine.Ledger.RenewAsync([lost, kept], CancellationToken.None);

        renewed.ShouldBe([kept.RunId]);
        (await Database.RunAsync(kept.RunId))
            .LeaseUntil.ShouldNotBeNull()
            .ShouldBeGreaterThan(await Bench.NowAsync());
    }

    [Fact]
    public async Task Attempts_are_counted_when_claimed_and_no_further_than_one_beyond_the_most()
    {
        var node = Bench.Node(options: new RunOptions { AttemptsMax = 3 });
        await Bench.InsertDueAsync();
        await node.TickAsync();
        var attempts = new List<int>();
        for (var crash = 0; crash < 5; crash++)
        {
            attempts.Add((await node.ClaimAsync()).ShouldHaveSingleItem().Attempt);
            await Bench.AgeLeasesAsync();
        }

        attempts.ShouldBe([1, 2, 3, 4, 4]);
    }

    [Fact]
    public async Task What_is_on_time_has_its_turn_before_what_is_late()
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = 1 });
        var late = await Bench.InsertDueAsync(
            "late",
            mission => mission with { DueAt = mission.DueAt - _anHour }
        );
        var onTime = await Bench.InsertDueAsync("on-time");
        await node.TickAsync();

        var first = (await node.ClaimAsync()).ShouldHaveSingleItem();
        first.Mission.MissionId.Value.ShouldBe(onTime.Id);
        await node.WriteAsync(first);
        (await node.ClaimAsync()).ShouldHaveSingleItem().Mission.MissionId.Value.ShouldBe(late.Id);
    }

    [Fact]
    public async Task The_claim_carries_the_record_and_the_agent_as_they_stand()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync(change: mission => mission with { AgentId = "agent-1" });
        await Database.InsertChangeAsync(
            new DeviceChange("agent-1", """{"id":"agent-1","name":"Ada"}""") { TableName = "agents" }
        );

        var claim = await node.TickAndClaimAsync();

        System.Text.Encoding.UTF8.GetString(claim.MissionRecord.Span).ShouldContain("Read one book a month");
        System.Text.Encoding.UTF8.GetString(claim.AgentRecord.ShouldNotBeNull().Span).ShouldContain("Ada");
    }
}
