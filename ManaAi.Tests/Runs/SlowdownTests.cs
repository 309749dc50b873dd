using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>A mission that fails again and again is tried less often, until it succeeds or is edited.</summary>
public sealed class SlowdownTests : BenchTests
{
    private static readonly Verdict _failed = Verdicts.UnusablePlan("No JSON.");

    [Fact]
    public void The_periods_double()
    {
        Enumerable.Range(1, 6).Select(failures => Slowdown.Periods(failures)).ShouldBe([1, 2, 4, 8, 16, 32]);
        Slowdown.Periods(1_000_000).ShouldBe(1 << 20);
    }

    [Fact]
    public async Task Each_failure_in_a_row_doubles_the_wait_and_a_plan_makes_it_normal_again()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        var hours = new List<double>();
        foreach (var verdict in (Verdict[])[_failed, _failed, _failed, _failed, LedgerBench.Planned, _failed])
        {
            hours.Add(await RunAsync(node, mission, verdict));
        }

        hours.ShouldBe([1, 2, 4, 8, 1, 1]);
        (
            await Database.ReadAsync<string>(
                "select string_agg(periods::text, ' ' order by run_id) from mana_ai.runs"
            )
        ).ShouldBe("1 2 4 8 1 1");
    }

    [Fact]
    public async Task An_edit_makes_it_normal_again_and_a_stamp_from_the_future_does_not()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        await RunAsync(node, mission, _failed);
        (await RunAsync(node, mission, _failed)).ShouldBe(2);

        // Devices cut their stamps to milliseconds, and this one's must not fall before the failure.
        var edited = IsoText.Milliseconds(await Bench.NowAsync() + TimeSpan.FromMilliseconds(1));
        await Bench.EditAsync(mission, "objective", "\"Read two books\"", edited);
        (await RunAsync(node, mission, _failed)).ShouldBe(1);
        (await RunAsync(node, mission, _failed)).ShouldBe(2);

        await Bench.EditAsync(mission, "title", "\"Reading\"", "2999-01-01T00:00:00.000Z");
        (await RunAsync(node, mission, _failed)).ShouldBe(4);
    }

    [Fact]
    public async Task Skips_and_what_devices_write_into_iterations_change_nothing()
    {
        var node = Bench.Node();
        var mission = await Bench.InsertDueAsync();
        await RunAsync(node, mission, _failed);
        await RunAsync(node, mission, new Verdict.Skipped("missed", "late"));
        await Bench.EditAsync(mission, "iterations", "[]");

        (await RunAsync(node, mission, _failed)).ShouldBe(2);
    }

    [Fact]
    public async Task It_never_rests_for_longer_than_a_week_unless_its_period_is_longer()
    {
        var node = Bench.Node();
        (await DaysAsync(node, "daily", 1440)).ShouldBe([1, 2, 4, 7, 7]);
        (await DaysAsync(node, "monthly", 43_200)).ShouldBe([30, 30, 30, 30, 30]);
    }

    private async Task<List<double>> DaysAsync(BenchNode node, string id, int everyMinutes)
    {
        var mission = await Bench.InsertDueAsync(
            id,
            one => one with { Cadence = $$"""{"kind":"interval","everyMinutes":{{everyMinutes}}}""" }
        );
        var days = new List<double>();
        for (var failure = 0; failure < 5; failure++)
        {
            days.Add(Math.Round(await RunAsync(node, mission, _failed) / 24, 1));
        }

        return days;
    }

    /// <summary>Makes the mission due now, runs it to this end, and says in how many hours it is due next.</summary>
    private async Task<double> RunAsync(BenchNode node, DeviceMission mission, Verdict verdict)
    {
        var stamp = await Bench.StampAsync();
        await Bench.EditAsync(
            mission,
            "nextRunAt",
            $"\"{stamp}\"",
            FieldClock.Later(stamp, await LastAsync(mission))
        );
        await node.TickAsync();
        var claim = (await node.ClaimAsync()).Single(one => one.Mission.MissionId.Value == mission.Id);
        (await node.WriteAsync(claim, verdict)).ShouldBe(WriteBackResult.Written);
        var next = (await Database.MissionAsync(mission)).NextRunAt.ShouldNotBeNull();
        return Math.Round((next - await Bench.NowAsync()).TotalHours, 2);
    }

    private async Task<string> LastAsync(DeviceMission mission) =>
        (
            await Database.ReadAsync<string>(
                $"""
                select coalesce(max(field_times ->> 'nextRunAt'), '') from mana_ai.missions
                 where mission_id = '{mission.Id}'
                """
            )
        )!;
}
