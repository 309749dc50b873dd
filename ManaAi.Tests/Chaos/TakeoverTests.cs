using ManaAi.Bench.Chaos;

namespace ManaAi.Tests.Chaos;

/// <summary>How `./dev chaos` measures the time until a killed node's plans are someone else's.</summary>
public sealed class TakeoverTests
{
    private static readonly DateTimeOffset _start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void It_counts_from_the_kill_to_the_claim_with_the_higher_epoch()
    {
        var takeovers = Measure(
            [
                Event(0, "claimed", "a"),
                Event(1, "asked", "a"),
                Event(5, "taken-over", "b"),
                Event(6, "planned", "b"),
            ],
            new NodeDeath("a", At(3))
        );

        takeovers.ShouldHaveSingleItem().Took.ShouldBe(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void A_kill_of_another_node_or_after_the_run_was_let_go_is_no_takeover()
    {
        RunEvent[] released =
        [
            Event(0, "claimed", "a"),
            Event(2, "waits", "a"),
            Event(5, "claimed", "b"),
            Event(6, "taken-over", "c"),
        ];

        Measure(released, new NodeDeath("a", At(3))).ShouldBeEmpty();
        Measure(released, new NodeDeath("c", At(5.5))).ShouldBeEmpty();
        Measure(released, new NodeDeath("b", At(5.5))).Count.ShouldBe(1);
    }

    [Fact]
    public void The_share_asked_for_does_not_exceed_the_percentile()
    {
        var takeovers = Enumerable
            .Range(1, 100)
            .Select(second => new Takeover(second, new NodeDeath("a", _start), TimeSpan.FromSeconds(second)))
            .ToArray();

        Takeover.Percentile(takeovers, 0.5).ShouldBe(TimeSpan.FromSeconds(50));
        Takeover.Percentile(takeovers, 0.99).ShouldBe(TimeSpan.FromSeconds(99));
        Takeover.Percentile([], 0.99).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void A_takeover_is_undisturbed_while_all_else_is_well_and_another_node_is_there()
    {
        var lease = TimeSpan.FromSeconds(2);
        var death = new NodeDeath("a", At(10));
        FaultRecord[] calm = [Record(FaultKind.Kill, 0, 10)];

        IsUndisturbed().ShouldBeTrue();
        IsUndisturbed(Record(FaultKind.RestartFast, null, 12)).ShouldBeFalse();
        IsUndisturbed(Record(FaultKind.RestartFast, null, 14)).ShouldBeTrue();
        IsUndisturbed(Record(FaultKind.Pause, 1, 8)).ShouldBeFalse();
        IsUndisturbed(Record(FaultKind.Pause, 1, 2)).ShouldBeTrue();

        bool IsUndisturbed(params FaultRecord[] more) =>
            new Undisturbed([.. calm, .. more], 2, lease).IsAny(death);
    }

    [Fact]
    public void A_process_is_found_by_the_sockets_it_speaks_from()
    {
        string[] table =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:1F90 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1",
            "   1: 0100007F:1F91 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1",
        ];

        Sockets.PortsIn(table, new HashSet<string> { "4711" }).ShouldBe([8080]);
    }

    private static IReadOnlyList<Takeover> Measure(RunEvent[] events, NodeDeath death) =>
        Takeover.Measure(events, [death]);

    private static RunEvent Event(double second, string kind, string node) =>
        new(1, kind, At(second), 1, node, null);

    private static FaultRecord Record(FaultKind kind, int? node, double second) =>
        new(new Fault(1, TimeSpan.Zero, kind, node, TimeSpan.Zero), node, At(second), At(second), null);

    private static DateTimeOffset At(double second) => _start + TimeSpan.FromSeconds(second);
}
