using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Runs;

/// <summary>What several ask for at once is done together, and nobody waits or suffers for another.</summary>
public sealed class TogetherTests
{
    // For a failing test alone.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<IReadOnlyList<int>> _done = [];
    private TaskCompletionSource? _groupsGo;
    private readonly Queue<TaskCompletionSource> _gates = [];
    private Func<int, bool> _works = _ => true;
    private Func<IReadOnlyList<int>, IReadOnlyList<bool>> _worksTogether = group =>
        [.. group.Select(_ => true)];

    [Fact]
    public async Task Who_asks_while_nobody_else_does_is_not_made_to_wait()
    {
        var together = Create(atOnce: 2);

        (await AskAsync(together, 1)).ShouldBeTrue();
        (await AskAsync(together, 2)).ShouldBeTrue();

        _done.ShouldBe([
            [1],
            [2],
        ]);
    }

    [Fact]
    public async Task Who_asks_while_as_many_are_on_their_way_as_may_be_goes_with_the_others()
    {
        var together = Create(atOnce: 2);
        var (first, second) = (Hold(), Hold());
        var all = Enumerable.Range(1, 5).Select(asked => AskAsync(together, asked)).ToArray();
        _done.ShouldBe([
            [1],
            [2],
        ]);

        second.SetResult();
        (await Task.WhenAll(all[1..])).ShouldAllBe(done => done);
        _done.ShouldBe([
            [1],
            [2],
            [3, 4, 5],
        ]);
        all[0].IsCompleted.ShouldBeFalse();

        first.SetResult();
        (await all[0]).ShouldBeTrue();
        (await AskAsync(together, 6)).ShouldBeTrue();
        _done[^1].ShouldBe([6]);
    }

    [Fact]
    public async Task A_whole_group_waits_for_nobody_and_who_is_left_of_it_does()
    {
        var together = Create(atOnce: 1, groupMax: 3);
        var first = Hold();
        _groupsGo = new TaskCompletionSource();
        var all = Enumerable.Range(1, 5).Select(asked => AskAsync(together, asked)).ToArray();
        _groupsGo.SetResult(); // Goes on with the group here and now, as far as it will.

        (await Task.WhenAll(all[1..4]).WaitAsync(Patience)).ShouldAllBe(done => done);
        _done.ShouldBe([
            [1],
            [2, 3, 4],
        ]);
        all[4].IsCompleted.ShouldBeFalse();

        first.SetResult();
        (await Task.WhenAll(all)).ShouldAllBe(done => done);
        _done[^1].ShouldBe([5]);
    }

    [Fact]
    public async Task For_whom_it_was_not_done_together_it_is_done_alone()
    {
        var together = Create(atOnce: 1);
        _worksTogether = group => [.. group.Select(asked => asked is not (3 or 4))];
        _works = asked => asked != 4;

        (await AskBehindFirstAsync(together)).ShouldBe([true, true, false, true]);

        _done.ShouldBe([
            [1],
            [2, 3, 4, 5],
            [3],
            [4],
        ]);
    }

    [Fact]
    public async Task What_cannot_be_done_is_told_to_whom_asked_for_it_and_to_nobody_else()
    {
        var together = Create(atOnce: 1);
        _worksTogether = _ => throw new InvalidOperationException("one of them");
        _works = asked => asked != 3 ? true : throw new InvalidOperationException("three");
        var first = Hold();
        var all = Enumerable.Range(1, 4).Select(asked => AskAsync(together, asked)).ToArray();
        first.SetResult();

        (await all[1]).ShouldBeTrue();
        (await Should.ThrowAsync<InvalidOperationException>(all[2])).Message.ShouldBe("three");
        (await all[3]).ShouldBeTrue();
        (await AskAsync(together, 5)).ShouldBeTrue();
    }

    [Fact]
    public async Task Who_is_first_and_fails_leaves_the_way_to_those_who_wait()
    {
        var together = Create(atOnce: 1);
        _works = asked => asked != 1 ? true : throw new InvalidOperationException("one");
        var first = Hold();
        var all = Enumerable.Range(1, 2).Select(asked => AskAsync(together, asked)).ToArray();
        first.SetResult();

        await Should.ThrowAsync<InvalidOperationException>(all[0]);
        (await all[1]).ShouldBeTrue();
    }

    [Fact]
    public async Task Who_no_longer_waits_ends_nothing_for_the_others()
    {
        var together = Create(atOnce: 1);
        var first = Hold();
        using var cancel = new CancellationTokenSource();
        var all = new[] { AskAsync(together, 1), together.AskAsync(2, cancel.Token), AskAsync(together, 3) };
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(all[1]);
        first.SetResult();

        (await all[2]).ShouldBeTrue();
        _done.ShouldBe([
            [1],
            [2, 3],
        ]);
    }

    private static Task<bool> AskAsync(Together<int, bool> together, int asked) =>
        together.AskAsync(asked, CancellationToken.None);

    /// <summary>1 alone, and what 2 to 5 get, who came while it was on its way.</summary>
    private async Task<bool[]> AskBehindFirstAsync(Together<int, bool> together)
    {
        var first = Hold();
        var all = Enumerable.Range(1, 5).Select(asked => AskAsync(together, asked)).ToArray();
        first.SetResult();
        return (await Task.WhenAll(all))[1..];
    }

    /// <summary>The next that is done alone ends only then.</summary>
    private TaskCompletionSource Hold()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _gates.Enqueue(gate);
        return gate;
    }

    private Together<int, bool> Create(int atOnce, int groupMax = 32) =>
        new(
            atOnce,
            groupMax,
            async (asked, _) =>
            {
                _done.Add([asked]);
                if (_gates.TryDequeue(out var gate))
                {
                    await gate.Task;
                }

                return _works(asked);
            },
            async group =>
            {
                _done.Add(group);
                await (_groupsGo?.Task ?? Task.CompletedTask);
                return _worksTogether(group);
            }
        );
}
