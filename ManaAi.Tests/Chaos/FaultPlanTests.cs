using ManaAi.Bench.Chaos;

namespace ManaAi.Tests.Chaos;

/// <summary>What goes wrong in `./dev chaos` is a function of its seed.</summary>
public sealed class FaultPlanTests
{
    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(2);

    [Fact]
    public void The_same_seed_draws_the_same_faults_and_another_draws_others()
    {
        Draw(1).ShouldBe(Draw(1));
        Draw(1).ShouldNotBe(Draw(2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Ten_minutes_hold_what_the_record_asks_for(int seed)
    {
        var plan = Draw(seed);

        Count(FaultKind.Kill).ShouldBeGreaterThanOrEqualTo(200);
        Count(FaultKind.Pause).ShouldBeGreaterThanOrEqualTo(100);
        (Count(FaultKind.RestartFast) + Count(FaultKind.RestartImmediate)).ShouldBeGreaterThanOrEqualTo(50);
        plan.Where(fault => fault.Kind == FaultKind.Pause).ShouldAllBe(fault => fault.Length > _lease);
        plan.ShouldAllBe(fault => fault.At >= TimeSpan.Zero && fault.At < TimeSpan.FromMinutes(10));
        plan.ShouldBe(plan.OrderBy(fault => fault.At));
        plan.Select(fault => fault.Node).Distinct().Order().ShouldBe([null, 0, 1, 2]);

        int Count(FaultKind kind) => plan.Count(fault => fault.Kind == kind);
    }

    [Fact]
    public void A_plan_can_be_of_some_kinds_alone()
    {
        var plan = FaultPlan.Draw(1, TimeSpan.FromMinutes(1), 3, _lease, [FaultKind.Kill]);

        plan.Count.ShouldBe(22);
        plan.ShouldAllBe(fault => fault.Kind == FaultKind.Kill);
    }

    private static IReadOnlyList<Fault> Draw(int seed) =>
        FaultPlan.Draw(seed, TimeSpan.FromMinutes(10), 3, _lease, []);
}
