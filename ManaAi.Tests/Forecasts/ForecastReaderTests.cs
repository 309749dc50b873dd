using ManaAi.Actors.Forecasts;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Forecasts;

/// <summary>What the database tells of missions whose runs are counted ahead.</summary>
public sealed class ForecastReaderTests : BenchTests
{
    [Theory]
    [InlineData(null, null, 1)]
    [InlineData("('', '', 'r', null)", null, 0)]
    [InlineData("('user-1', '', 'r', null)", null, 0)]
    [InlineData("('user-1', 'mission-1', 'r', null)", null, 0)]
    [InlineData("('user-1', 'mission-1', 'r', now() + interval '1 hour')", 60, 1)]
    [InlineData("('user-1', 'mission-1', 'r', now() - interval '1 hour')", null, 1)]
    [InlineData("('user-2', '', 'r', null), ('user-1', 'mission-2', 'r', null)", null, 1)]
    public async Task What_is_paused_runs_when_the_pause_ends(string? pauses, int? minutes, int runs)
    {
        await Bench.InsertDueAsync(change: mission => mission with { Cadence = """{"kind":"manual"}""" });
        await Bench.Node().FoldAsync();
        if (pauses is not null)
        {
            await Database.ExecuteAsync(
                $"insert into mana_ai.pauses (user_id, mission_id, reason, until) values {pauses}"
            );
        }

        var forecast = await ReadAsync(isMissedMadeUpFor: true);

        forecast.Sums.Runs.ShouldBe(runs);
        if (minutes is { } wait)
        {
            var hour = forecast.Hours.Single(one => one.Runs > 0);
            hour.At.ShouldBeGreaterThan(forecast.Window.Now.AddMinutes(wait) - TimeSpan.FromHours(1));
        }
    }

    [Fact]
    public async Task What_was_claimed_before_is_not_skipped_as_late()
    {
        var node = Bench.Node();
        await InsertOverdueAsync(TimeSpan.FromHours(1));
        var claim = await node.TickAndClaimAsync();
        (await ReadAsync(isMissedMadeUpFor: false)).Skips.ShouldBeEmpty("it is under way");

        await node.ReleaseAsync(
            claim,
            new Release(TimeSpan.FromHours(1), "rate-limit", "429", CostsAttempt: false)
        );

        (await ReadAsync(isMissedMadeUpFor: false)).Sums.Runs.ShouldBe(1);
    }

    [Fact]
    public async Task What_an_operator_hurried_is_not_missed_however_long_ago_it_was_due()
    {
        var node = Bench.Node();
        await InsertOverdueAsync(TimeSpan.FromDays(400));
        await node.TickAsync();
        (await ReadAsync(isMissedMadeUpFor: true)).Skips.Single().Reason.ShouldBe(SkipReasons.Missed);

        await Database.ExecuteAsync("update mana_ai.runs set priority = 0");

        (await ReadAsync(isMissedMadeUpFor: true)).Sums.Runs.ShouldBe(1);
    }

    private Task<DeviceMission> InsertOverdueAsync(TimeSpan since) =>
        Bench.InsertDueAsync(change: mission =>
            mission with
            {
                Cadence = """{"kind":"manual"}""",
                DueAt = mission.DueAt!.Value - since,
            }
        );

    private async Task<Forecast> ReadAsync(bool isMissedMadeUpFor)
    {
        var now = await Bench.NowAsync();
        return await new ForecastReader(Bench.Sync).ReadAsync(
            new ForecastWindow(now, now, now.AddHours(24)),
            new ForecastOptions { Schedule = new ScheduleOptions { IsMissedMadeUpFor = isMissedMadeUpFor } },
            CancellationToken.None
        );
    }
}
