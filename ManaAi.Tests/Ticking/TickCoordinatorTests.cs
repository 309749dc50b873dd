using ManaAi.Actors.Ticking;
using Npgsql;

namespace ManaAi.Tests.Ticking;

public sealed class TickCoordinatorTests
{
    private static readonly TickReport _told = new(DateTimeOffset.UnixEpoch, 1, 1, 1, 0, []);

    [Fact]
    public async Task The_first_tick_comes_at_once_and_the_next_after_the_interval()
    {
        await using var bench = TickBench.Started();
        await bench.EndAsync(await bench.NextTickAsync(), bench.Found());

        bench.Time.Advance(TickBench.Interval - TimeSpan.FromTicks(1));
        bench.Coordinator.Status.State.ShouldBe("idle");
        bench.Time.Advance(TimeSpan.FromTicks(1));

        await bench.NextTickAsync();
        bench.TicksBegun.ShouldBe(0);
    }

    [Fact]
    public async Task Without_a_timer_only_the_asked_tick_comes()
    {
        await using var bench = TickBench.Started(isEnabled: false);
        bench.Time.Advance(TickBench.Interval * 3);
        var answer = bench.AskAsync();

        (await bench.NextTickAsync()).End(bench.Found());

        (await answer).Errors.ShouldBeEmpty();
        bench.TicksBegun.ShouldBe(0);
        bench.Coordinator.Status.IsEnabled.ShouldBeFalse();
    }

    [Fact]
    public async Task A_wake_up_is_a_tick_before_its_time_and_while_one_is_under_way_it_is_owed_once()
    {
        await using var bench = TickBench.Started();
        await bench.EndAsync(await bench.NextTickAsync(), bench.Found());

        bench.Coordinator.WakeUp();
        var woken = await bench.NextTickAsync();
        bench.Coordinator.WakeUp();
        bench.Coordinator.WakeUp();
        await bench.CatchUpAsync();
        woken.End(bench.Found());
        await bench.EndAsync(await bench.NextTickAsync(), bench.Found());

        bench.TicksBegun.ShouldBe(0);
    }

    [Fact]
    public async Task A_wake_up_does_nothing_where_there_is_no_timer_or_while_it_is_paused()
    {
        await using var off = TickBench.Started(isEnabled: false);
        off.Coordinator.WakeUp();
        var answer = off.AskAsync();
        (await off.NextTickAsync()).End(off.Found());
        await answer;
        off.TicksBegun.ShouldBe(0);

        await using var paused = TickBench.Started();
        await paused.EndAsync(await paused.NextTickAsync(), paused.Found());
        await paused.Coordinator.PauseAsync(CancellationToken.None);
        paused.Coordinator.WakeUp();
        var asked = paused.AskAsync();
        (await paused.NextTickAsync()).End(paused.Found());
        await asked;
        paused.TicksBegun.ShouldBe(0);
    }

    [Fact]
    public async Task A_tick_that_the_timer_owes_is_remembered_once_however_often_it_fired()
    {
        await using var bench = TickBench.Started();
        var first = await bench.NextTickAsync();
        bench.Time.Advance(TickBench.Interval * 3);
        await bench.CatchUpAsync();

        first.End(bench.Found());
        var owed = await bench.NextTickAsync();
        await bench.EndAsync(owed, bench.Found());

        bench.TicksBegun.ShouldBe(0);
    }

    [Fact]
    public async Task Paused_the_timer_is_ignored_and_a_manual_tick_still_works()
    {
        await using var bench = TickBench.Started();
        await bench.EndAsync(await bench.NextTickAsync(), bench.Found());
        await bench.Coordinator.PauseAsync(CancellationToken.None);
        bench.Time.Advance(TickBench.Interval * 2);

        var answer = bench.AskAsync();
        var asked = await bench.NextTickAsync();
        bench.Coordinator.Status.State.ShouldBe("busy");
        asked.End(bench.Found());

        (await answer).Errors.ShouldBeEmpty();
        bench.Coordinator.Status.State.ShouldBe("paused");
        bench.TicksBegun.ShouldBe(0);
    }

    [Fact]
    public async Task Resumed_the_timer_counts_again()
    {
        await using var bench = TickBench.Started();
        await bench.EndAsync(await bench.NextTickAsync(), bench.Found());
        await bench.Coordinator.PauseAsync(CancellationToken.None);
        await bench.Coordinator.ResumeAsync(CancellationToken.None);

        bench.Time.Advance(TickBench.Interval);

        await bench.NextTickAsync();
        bench.Coordinator.Status.State.ShouldBe("busy");
    }

    [Fact]
    public async Task A_manual_tick_while_one_is_under_way_is_answered_at_once_as_skipped()
    {
        await using var bench = TickBench.Started();
        await bench.NextTickAsync();

        var report = await bench.AskAsync();

        report.ShouldBe(TickReport.OverlapSkipped(bench.Time.GetUtcNow()) with { Errors = report.Errors });
        report.Errors.ShouldBe(["overlap-skipped"]);
    }

    [Fact]
    public async Task While_a_manual_answer_waits_for_its_runs_the_timer_goes_on_and_another_asker_is_skipped()
    {
        await using var bench = TickBench.Started(isEnabled: true);
        await bench.EndAsync(await bench.NextTickAsync(), bench.Found());
        var answer = bench.AskAsync();
        await bench.EndAsync(await bench.NextTickAsync(), bench.Found(7));
        var wait = await bench.NextWaitAsync();

        bench.Time.Advance(TickBench.Interval);
        await bench.EndAsync(await bench.NextTickAsync(), bench.Found(7));
        (await bench.AskAsync()).Errors.ShouldBe(["overlap-skipped"]);
        answer.IsCompleted.ShouldBeFalse();
        wait.End(_told);

        (await answer).ShouldBe(_told);
    }

    [Fact]
    public async Task A_tick_that_found_nothing_is_answered_without_waiting_for_runs()
    {
        await using var bench = TickBench.Started(isEnabled: false);
        var answer = bench.AskAsync();

        (await bench.NextTickAsync()).End(
            new TickOutcome(bench.Time.GetUtcNow(), [], ["no database"], TimeSpan.Zero)
        );

        (await answer).Errors.ShouldBe(["no database"]);
    }

    [Fact]
    public async Task A_tick_that_throws_is_told_and_costs_one_tick()
    {
        await using var bench = TickBench.Started(isEnabled: false);
        var answer = bench.AskAsync();
        (await bench.NextTickAsync()).Throw(new InvalidOperationException("a secret of the machine"));

        var report = await answer;

        report.Errors.ShouldHaveSingleItem().ShouldContain("unexpectedly (InvalidOperationException)");
        bench.Log.Entries.ShouldHaveSingleItem().Id.ShouldBe(302);
        await AnotherTickWorksAsync(bench);
    }

    [Fact]
    public async Task A_tick_that_is_cancelled_by_something_else_is_told_as_a_failure_and_not_as_our_stopping()
    {
        await using var bench = TickBench.Started(isEnabled: false);
        var answer = bench.AskAsync();
        (await bench.NextTickAsync()).Cancel(new CancellationToken(canceled: true));

        (await answer).Errors.ShouldHaveSingleItem().ShouldContain("TaskCanceledException");
        await AnotherTickWorksAsync(bench);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_wait_for_runs_that_throws_is_told_and_the_next_asker_is_served(bool isDatabase)
    {
        await using var bench = TickBench.Started(isEnabled: false);
        var answer = bench.AskAsync();
        (await bench.NextTickAsync()).End(bench.Found(7));
        (await bench.NextWaitAsync()).Throw(
            isDatabase ? new NpgsqlException("gone") : new InvalidOperationException("a bug")
        );

        (await answer).Errors.Count.ShouldBe(1);
        await AnotherTickWorksAsync(bench);
    }

    [Fact]
    public async Task Stopping_ends_the_tick_under_way_and_answers_who_waits()
    {
        await using var bench = TickBench.Started(isEnabled: false);
        var answer = bench.AskAsync();
        var tick = await bench.NextTickAsync();

        await bench.Coordinator.StopAsync(CancellationToken.None);

        (await answer).Errors.ShouldBe(["the service is stopping"]);
        tick.Result.IsCanceled.ShouldBeTrue();
    }

    [Fact]
    public async Task Stopping_answers_who_waits_for_runs()
    {
        await using var bench = TickBench.Started(isEnabled: false);
        var answer = bench.AskAsync();
        (await bench.NextTickAsync()).End(bench.Found(7));
        await bench.NextWaitAsync();

        await bench.Coordinator.StopAsync(CancellationToken.None);

        (await answer).Errors.ShouldBe(["the service is stopping"]);
    }

    [Fact]
    public async Task Who_asked_before_the_start_is_answered_when_it_stops_before_the_start()
    {
        await using var bench = new TickBench();
        var answer = bench.AskAsync();

        await bench.Coordinator.StopAsync(CancellationToken.None);

        (await answer).Errors.ShouldBe(["the service is stopping"]);
        (await bench.AskAsync()).Errors.ShouldBe(["the service is stopping"]);
    }

    [Fact]
    public async Task A_tick_that_is_deaf_to_its_token_holds_nobody_back_beyond_the_hosts_patience()
    {
        var isDeaf = new TaskCompletionSource<TickOutcome>();
        var hasBegun = new TaskCompletionSource();
        await using var coordinator = new TickCoordinator(
            _ =>
            {
                hasBegun.SetResult();
                return isDeaf.Task;
            },
            (outcome, _) => Task.FromResult(outcome.ToReport()),
            new TickOptions { IsEnabled = false },
            new Support.ManualTime(),
            new Support.KeptLog<TickCoordinator>()
        );
        coordinator.Start();
        var answer = coordinator.RunTickAsync(CancellationToken.None);
        await hasBegun.Task;
        using var patience = new CancellationTokenSource();

        var stop = coordinator.StopAsync(patience.Token);
        (await answer).Errors.ShouldBe(["the service is stopping"]);
        stop.IsCompleted.ShouldBeFalse();
        await patience.CancelAsync();

        await stop.WaitAsync(TimeSpan.FromSeconds(30));
        isDeaf.SetResult(new TickOutcome(default, [], [], default));
    }

    [Fact]
    public async Task The_status_says_what_the_last_tick_did()
    {
        await using var bench = TickBench.Started();
        bench.Coordinator.Status.LastTickAt.ShouldBeNull();
        var tick = await bench.NextTickAsync();
        bench.Coordinator.Status.State.ShouldBe("busy");

        await bench.EndAsync(tick, bench.Found() with { Took = TimeSpan.FromSeconds(2), Errors = ["half"] });

        var status = bench.Coordinator.Status;
        (status.State, status.LastTickTook, status.LastErrors.Single()).ShouldBe(
            ("idle", TimeSpan.FromSeconds(2), "half")
        );
    }

    private static async Task AnotherTickWorksAsync(TickBench bench)
    {
        var answer = bench.AskAsync();
        (await bench.NextTickAsync()).End(bench.Found());
        (await answer).Errors.ShouldBeEmpty();
    }
}
