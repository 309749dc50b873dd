using ManaAi.Tests.Support;

namespace ManaAi.Tests.Planning;

public sealed class PlannerPoolTests
{
    [Fact]
    public async Task A_database_that_is_away_is_said_once_and_asked_again_every_second()
    {
        await using var bench = new PoolBench();
        bench.Pool.Start();

        await bench.WakeAsync();
        await bench.Log.HearAsync();
        bench.Time.NextTimerAt.ShouldBe(bench.Time.GetUtcNow() + TimeSpan.FromSeconds(1));
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.SeesAsync(
            () => Task.FromResult(bench.Time.NextTimerAt),
            at => at == bench.Time.GetUtcNow() + TimeSpan.FromSeconds(1)
        );

        bench.Log.Entries.Select(entry => entry.Id).ShouldBe([308]);
        await bench.Pool.StopAsync(TimeSpan.Zero, CancellationToken.None);
    }

    [Fact]
    public async Task A_pool_with_nothing_under_way_stops_without_using_the_grace()
    {
        await using var bench = new PoolBench();
        bench.Pool.Start();

        // Nobody moves the clock: a grace that is waited for would never end.
        var stop = bench.Pool.StopAsync(TimeSpan.FromSeconds(10), CancellationToken.None);

        await Should.NotThrowAsync(stop.WaitAsync(TimeSpan.FromSeconds(30)));
    }
}
