using ManaAi.Actors.Database;
using ManaAi.Actors.Forecasts;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Overview;
using ManaAi.Host.Settings;

namespace ManaAi.Host.Dashboard;

/// <summary>What is counted beside the pages: the next day over all missions, and what calls have cost.</summary>
internal sealed class Counts : IDisposable
{
    private static readonly TimeSpan CountMax = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan ForecastLength = TimeSpan.FromHours(24);

    /// <summary>Schedules change slowly, and a count costs about as much as reading all missions once.</summary>
    private static readonly TimeSpan ForecastKept = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan UsageKept = TimeSpan.FromMinutes(1);

    // One at a time: the other connection is always left to the pages.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly ViewDatabase _database;
    private readonly ServiceSettings _settings;
    private readonly ScheduleOptions _schedule;
    private readonly RecentPulse _pulse;
    private readonly TimeProvider _time;
    private readonly Dictionary<int, Counted<UsageCount>> _usage;

    public Counts(
        ViewConnections connections,
        ServiceSettings settings,
        ScheduleOptions schedule,
        RecentPulse pulse,
        TimeProvider time
    )
    {
        (_settings, _schedule, _pulse, _time) = (settings, schedule, pulse, time);
        _database = connections.WithDeadline(CountMax);
        Forecast = new Counted<Forecast>(() => InTurnAsync(CountForecastAsync), ForecastKept, time);
        _usage = UsageDays.ToDictionary(
            days => days,
            days => new Counted<UsageCount>(() => InTurnAsync(() => CountUsageAsync(days)), UsageKept, time)
        );
    }

    /// <summary>Over how many days usage is counted, today included.</summary>
    public static IReadOnlyList<int> UsageDays { get; } = [7, 30, 90];

    public Counted<Forecast> Forecast { get; }

    /// <param name="days">One of <see cref="UsageDays"/>.</param>
    public Counted<UsageCount> Usage(int days) => _usage[days];

    public void Dispose() => _turn.Dispose();

    private async Task<T> InTurnAsync<T>(Func<Task<T>> count)
    {
        await _turn.WaitAsync();
        try
        {
            return await count();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<Forecast> CountForecastAsync()
    {
        var nodes = (await _pulse.ReadAsync(CancellationToken.None)).Nodes.Count(node => node.GoneAt is null);
        var now = _time.GetUtcNow();
        var from = new DateTimeOffset(
            now.UtcTicks - (now.UtcTicks % ForecastQuarter.Length.Ticks),
            TimeSpan.Zero
        );
        return await new ForecastReader(_database).ReadAsync(
            new ForecastWindow(now, from, from + ForecastLength),
            new ForecastOptions
            {
                Schedule = _schedule,
                IsScheduleAdvanced = _settings.Schedule.IsAdvanced,
                PlansMax = _settings.Runs.PlansMax,
                PlansPerUserMax = _settings.Runs.PlansPerUserMax,
                Nodes = Math.Max(1, nodes),
            },
            CancellationToken.None
        );
    }

    private async Task<UsageCount> CountUsageAsync(int days)
    {
        var now = _time.GetUtcNow();
        var to = new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
        return new UsageCount(
            await new UsageReader(_database).ReadAsync(to.AddDays(-days), to, CancellationToken.None),
            now
        );
    }
}

/// <param name="At">When it was counted.</param>
public sealed record UsageCount(UsageReport Report, DateTimeOffset At);
