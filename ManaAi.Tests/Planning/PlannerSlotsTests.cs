using ManaAi.Actors;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Planning;

public sealed class PlannerSlotsTests : IDisposable
{
    private readonly Metrics _metrics = new();
    private long _runs;

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public void Who_has_its_last_answer_lets_another_ask_and_is_at_work_until_it_is_released()
    {
        var slots = new PlannerSlots(2, _metrics);
        var (first, isOver) = slots.Take(Claim());
        slots.Take(Claim());
        slots.Open.ShouldBe(0);

        slots.EndAsking(first);

        (slots.Open, slots.Asking, slots.Runs.Count).ShouldBe((1, 1, 2));
        slots.Release(first);
        (slots.Open, slots.Asking, slots.Runs.Count).ShouldBe((1, 1, 1), "its turn was given on already");
        isOver.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public void Who_is_released_without_an_answer_lets_another_ask()
    {
        var slots = new PlannerSlots(1, _metrics);
        var (planner, _) = slots.Take(Claim());

        slots.Release(planner);

        (slots.Open, slots.Asking, slots.IsIdle).ShouldBe((1, 0, true));
        slots.EndAsking(planner);
        slots.Asking.ShouldBe(0, "a planner that is free has nothing to end");
    }

    [Fact]
    public void What_waits_to_be_written_is_bounded()
    {
        var slots = new PlannerSlots(4, _metrics);
        while (slots.Open > 0)
        {
            slots.EndAsking(slots.Take(Claim()).Planner);
        }

        (slots.Runs.Count, slots.Asking).ShouldBe((slots.Planners, 0));
        slots.Planners.ShouldBe(36);
    }

    private Claim Claim() =>
        new(
            ++_runs,
            new Occurrence(
                new MissionKey(new UserId("u"), new MissionId($"m{_runs}")),
                DateTimeOffset.UnixEpoch
            ),
            Epoch: 1,
            Attempt: 1,
            Calls: 0,
            Answers: default,
            MissionRecord: default,
            AgentRecord: null,
            DateTimeOffset.UnixEpoch,
            RateLimitedSince: null,
            IsTakeover: false
        );
}
