using System.Threading.Channels;
using ManaAi.Actors.Mailboxes;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Mailboxes;

public sealed class MailboxTests
{
    // For a failing test alone: what is waited for comes by itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly KeptLog<MailboxTests> _log = new();

    [Fact]
    public async Task Messages_are_handled_one_at_a_time_in_the_order_they_came()
    {
        using var mailbox = new Mailbox<int>(4, _log);
        var actor = new ScriptedActor(
            async (_, _) =>
            {
                await Task.Yield();
            }
        );
        mailbox.Start(actor);

        for (var message = 0; message < 100; message++)
        {
            await mailbox.TellAsync(message, CancellationToken.None);
        }

        await mailbox.StopAsync(CancellationToken.None).WaitAsync(Patience);
        actor.Handled.ShouldBe(Enumerable.Range(0, 100));
        actor.AtOnceMax.ShouldBe(1);
    }

    [Fact]
    public async Task A_full_mailbox_pushes_back_until_there_is_room()
    {
        using var mailbox = new Mailbox<int>(2, _log);
        var actor = ScriptedActor.Held(out var go);
        mailbox.TryTell(1).ShouldBeTrue();
        mailbox.TryTell(2).ShouldBeTrue();

        mailbox.TryTell(3).ShouldBeFalse();
        var pushedBack = mailbox.TellAsync(3, CancellationToken.None).AsTask();
        pushedBack.IsCompleted.ShouldBeFalse();
        mailbox.Depth.ShouldBe(2);
        mailbox.Start(actor);

        await pushedBack.WaitAsync(Patience);
        go.SetResult();
        await mailbox.StopAsync(CancellationToken.None).WaitAsync(Patience);
        actor.Handled.ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task Who_is_pushed_back_may_give_up()
    {
        using var mailbox = new Mailbox<int>(1, _log);
        mailbox.TryTell(1).ShouldBeTrue();
        using var giveUp = new CancellationTokenSource();
        var pushedBack = mailbox.TellAsync(2, giveUp.Token).AsTask();

        await giveUp.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(pushedBack);
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(OperationCanceledException))] // A call of the handler's own timed out.
    public async Task A_handler_that_throws_costs_one_message_and_not_the_actor(Type kind)
    {
        using var mailbox = new Mailbox<int>(4, _log);
        var actor = new ScriptedActor(
            (message, _) =>
                message == 2 ? throw (Exception)Activator.CreateInstance(kind)! : Task.CompletedTask
        );
        mailbox.Start(actor);

        foreach (var message in (int[])[1, 2, 3])
        {
            await mailbox.TellAsync(message, CancellationToken.None);
        }

        await mailbox.StopAsync(CancellationToken.None).WaitAsync(Patience);
        actor.Handled.ShouldBe([1, 2, 3]);
        _log.Entries.ShouldHaveSingleItem().Id.ShouldBe(101);
    }

    [Fact]
    public async Task Stopping_closes_the_door_and_finishes_what_is_inside()
    {
        using var mailbox = new Mailbox<int>(4, _log);
        var actor = ScriptedActor.Held(out var go);
        mailbox.Start(actor);
        await mailbox.TellAsync(1, CancellationToken.None);
        await mailbox.TellAsync(2, CancellationToken.None);

        var stop = mailbox.StopAsync(CancellationToken.None);
        mailbox.TryTell(3).ShouldBeFalse();
        await Should.ThrowAsync<ChannelClosedException>(
            mailbox.TellAsync(3, CancellationToken.None).AsTask()
        );
        stop.IsCompleted.ShouldBeFalse();
        go.SetResult();

        await stop.WaitAsync(Patience);
        actor.Handled.ShouldBe([1, 2]);
    }

    [Fact]
    public async Task When_patience_ends_the_handler_is_told_and_the_rest_is_left()
    {
        using var mailbox = new Mailbox<int>(4, _log);
        var begun = new TaskCompletionSource();
        var told = new TaskCompletionSource();
        var actor = new ScriptedActor(
            async (_, cancellationToken) =>
            {
                begun.SetResult();
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                }
                finally
                {
                    told.SetResult();
                }
            }
        );
        mailbox.Start(actor);
        await mailbox.TellAsync(1, CancellationToken.None);
        await mailbox.TellAsync(2, CancellationToken.None);
        await begun.Task.WaitAsync(Patience);
        using var patience = new CancellationTokenSource();
        var stop = mailbox.StopAsync(patience.Token);

        await patience.CancelAsync();

        await stop.WaitAsync(Patience);
        await told.Task.WaitAsync(Patience);
        actor.Handled.ShouldBe([1]);
    }

    [Fact]
    public async Task A_handler_that_is_deaf_to_its_token_does_not_hold_the_host_back()
    {
        using var mailbox = new Mailbox<int>(4, _log);
        var actor = ScriptedActor.Held(out var go);
        mailbox.Start(actor);
        await mailbox.TellAsync(1, CancellationToken.None);
        using var patience = new CancellationTokenSource();
        var stop = mailbox.StopAsync(patience.Token);

        await patience.CancelAsync();

        await Should.NotThrowAsync(stop.WaitAsync(Patience));
        go.SetResult();
    }
}

/// <summary>Does with each message what the test says, and remembers them.</summary>
internal sealed class ScriptedActor(Func<int, CancellationToken, Task> handle) : IActor<int>
{
    private readonly List<int> _handled = [];
    private int _atOnce;

    public IReadOnlyList<int> Handled => _handled;

    public int AtOnceMax { get; private set; }

    /// <summary>Begins with nothing before the test lets it, and does not listen to its token.</summary>
    public static ScriptedActor Held(out TaskCompletionSource go)
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        go = held;
        return new ScriptedActor((_, _) => held.Task);
    }

    public async Task HandleAsync(int message, CancellationToken cancellationToken)
    {
        AtOnceMax = Math.Max(AtOnceMax, Interlocked.Increment(ref _atOnce));
        _handled.Add(message);
        try
        {
            await handle(message, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _atOnce);
        }
    }
}
