using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Runs;

namespace ManaAi.Tests.Dashboard;

/// <summary>The way from due to written, as events tell it.</summary>
public sealed class RunPathTests
{
    private static readonly DateTimeOffset _due = new(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Phases_follow_each_other_from_due_to_the_end()
    {
        var path = Of((1, "due"), (2, "claimed"), (3, "asked"), (9, "answered"), (10, "planned"));

        Phases(path).ShouldBe([("waiting", 2), ("preparing", 1), ("asking", 6), ("writing", 1)]);
        path.Length.ShouldBe(TimeSpan.FromSeconds(10));
        path.Steps.Select(step => step.Kind)
            .ShouldBe(["due-at", "due", "claimed", "asked", "answered", "planned"]);
    }

    [Fact]
    public void An_open_run_is_in_its_last_phase_until_now() =>
        Phases(Of((1, "due"), (2, "claimed"), (3, "asked")))
            .ShouldBe([("waiting", 2), ("preparing", 1), ("asking", 97)]);

    [Fact]
    public void Waiting_between_attempts_is_waiting() =>
        Phases(
                Of(
                    (1, "due"),
                    (2, "claimed"),
                    (3, "asked"),
                    (5, "waits"),
                    (20, "taken-over"),
                    (21, "asked"),
                    (22, "answer-refused"),
                    (22, "asked"),
                    (30, "answered"),
                    (31, "failed")
                )
            )
            .ShouldBe([
                ("waiting", 2),
                ("preparing", 1),
                ("asking", 2),
                ("waiting", 15),
                ("preparing", 1),
                ("asking", 9),
                ("writing", 1),
            ]);

    [Fact]
    public void A_run_that_ended_unclaimed_only_waited() =>
        Phases(Of((1, "due"), (60, "superseded"))).ShouldBe([("waiting", 60)]);

    [Fact]
    public void A_run_that_was_opened_again_goes_on_then()
    {
        var path = Of((1, "due"), (2, "superseded"), (50, "reopened"), (51, "claimed"));

        Phases(path).ShouldBe([("waiting", 2), ("waiting", 1), ("preparing", 49)]);
    }

    [Fact]
    public void Events_before_it_was_due_make_no_phase_of_less_than_nothing()
    {
        var path = Of((-1, "asked-for"), (-1, "claimed"), (2, "asked"));

        path.Phases.ShouldAllBe(phase => phase.Took > TimeSpan.Zero);
    }

    private static RunPath Of(params (int Second, string Kind)[] events) =>
        RunPath.Of(
            new RunDetails(7, _due, "scheduled"),
            [
                .. events.Select(
                    (one, index) =>
                        new RunEvent(index, _due.AddSeconds(one.Second), one.Kind, "user-1", "mission-1")
                ),
            ],
            _due.AddSeconds(100)
        );

    private static IEnumerable<(string, int)> Phases(RunPath path) =>
        path.Phases.Select(phase => (phase.Name, (int)phase.Took.TotalSeconds));
}
