using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>What a manual tick waits for, and what it then counts.</summary>
public sealed class SettlementTests : BenchTests
{
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task It_waits_for_what_is_claimed_here_and_counts_what_became_of_it()
    {
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = 3 });
        foreach (var id in (string[])["planned", "unusable", "superseded"])
        {
            await Bench.InsertDueAsync(id);
        }

        var (signal, runs) = (new RunSignal(), await node.TickAsync());
        var claims = (await node.ClaimAsync()).ToDictionary(claim => claim.Mission.MissionId.Value);
        var waiting = WaitAsync(node, signal, runs);
        await node.WriteAsync(claims["planned"]);
        await node.WriteAsync(claims["unusable"], Verdicts.UnusablePlan("No JSON."));
        signal.Raise();
        waiting.IsCompleted.ShouldBeFalse("one is still under way");

        await Database.InsertChangeAsync(new DeviceChange("superseded", null) { Op = "delete" });
        await node.WriteAsync(claims["superseded"]);
        signal.Raise();

        var report = await waiting;
        (
            report.DueMissionCount,
            report.PlansProduced,
            report.PlansWrittenBack,
            report.ParseFailures
        ).ShouldBe((3, 2, 1, 1));
    }

    [Fact]
    public async Task It_does_not_wait_for_what_another_node_holds_or_count_what_that_node_did()
    {
        var (node, other) = (Bench.Node("node"), Bench.Node("other"));
        await Bench.InsertDueAsync();
        var runs = await node.TickAsync();
        var claim = (await other.ClaimAsync()).ShouldHaveSingleItem();

        (await WaitAsync(node, new RunSignal(), runs)).PlansProduced.ShouldBe(0);
        await other.WriteAsync(claim);
        (await WaitAsync(node, new RunSignal(), runs)).PlansWrittenBack.ShouldBe(0);
        (await WaitAsync(other, new RunSignal(), runs)).PlansWrittenBack.ShouldBe(1);
    }

    [Fact]
    public async Task It_does_not_wait_for_a_run_that_waits_for_something()
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var runs = await node.TickAsync();
        var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
        await node.ReleaseAsync(claim, new Release(TimeSpan.FromHours(1), "rate-limit", "429", false));

        (await WaitAsync(node, new RunSignal(), runs)).DueMissionCount.ShouldBe(1);
    }

    [Fact]
    public async Task It_does_not_wait_for_a_run_that_nobody_may_claim_any_more()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var runs = await node.TickAsync();
        var claim = (await node.ClaimAsync()).ShouldHaveSingleItem();
        await Bench.EditAsync(mission, "state", "\"paused\"");
        await node.FoldAsync();
        await node.ReleaseAsync(claim, new Release(TimeSpan.Zero, "retry", "503", true));

        (await WaitAsync(node, new RunSignal(), runs)).DueMissionCount.ShouldBe(1);
    }

    [Fact]
    public async Task The_last_run_of_a_herd_is_not_waited_for_longer_than_it_takes_wherever_it_stands()
    {
        const int herd = 170;
        var node = Bench.Node(options: new RunOptions { ConcurrentPerUserMax = herd });
        await Bench.InsertManyDueAsync("user-1", herd);
        var runs = await node.TickAsync();
        var claims = await node.ClaimAsync(herd);
        var last = claims.Single(claim => claim.RunId == runs.First());
        await Database.ExecuteAsync(
            $"""
            update mana_ai.runs set verdict = 'superseded', closed_at = now(), lease_until = null
             where run_id <> {last.RunId}
            """
        );
        var signal = new RunSignal();
        var time = new PatientTime();

        var waiting = WaitAsync(node, signal, runs, time);
        await time.IsWaitedFor.WaitAsync(_soon);
        await node.WriteAsync(last);
        signal.Raise();

        (await waiting).PlansWrittenBack.ShouldBe(1);
    }

    private Task<TickReport> WaitAsync(
        BenchNode node,
        RunSignal signal,
        IReadOnlyCollection<long> runs,
        TimeProvider? time = null
    ) =>
        new SettlementWatch(Bench.Sync, node.Id, signal, time ?? TimeProvider.System)
            .WaitAsync(
                new TickOutcome(DateTimeOffset.UnixEpoch, runs, [], TimeSpan.Zero),
                CancellationToken.None
            )
            .WaitAsync(_soon);

    /// <summary>Timers of half a second or more never fire.</summary>
    private sealed class PatientTime : TimeProvider
    {
        private readonly TaskCompletionSource _isWaitedFor = new();

        /// <summary>Someone looked, and waits.</summary>
        public Task IsWaitedFor => _isWaitedFor.Task;

        public override ITimer CreateTimer(
            TimerCallback callback,
            object? state,
            TimeSpan dueTime,
            TimeSpan period
        )
        {
            _isWaitedFor.TrySetResult();
            var isShort = dueTime < TimeSpan.FromMilliseconds(500);
            return base.CreateTimer(callback, state, isShort ? dueTime : Timeout.InfiniteTimeSpan, period);
        }
    }
}
