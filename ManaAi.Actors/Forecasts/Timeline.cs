namespace ManaAi.Actors.Forecasts;

/// <summary>Runs by minute and hour of UTC. Its memory is that of the window's minutes, whatever is counted.</summary>
internal sealed class Timeline
{
    private const int HourMinutes = 60;

    private readonly DateTimeOffset _start;
    private readonly int[] _runs;
    private readonly int[] _runsOfUser;
    private readonly int[] _runsOfUserMax;
    private readonly List<int> _minutesOfUser = [];
    private readonly long[] _hourRuns;
    private readonly int[] _hourUsers;
    private readonly double[] _hourTokens;
    private readonly bool[] _isHourOfUser;

    public Timeline(ForecastWindow window)
    {
        _start = new DateTimeOffset(
            window.From.UtcTicks - (window.From.UtcTicks % TimeSpan.TicksPerHour),
            TimeSpan.Zero
        );
        var minutes = (int)Math.Ceiling((window.To - _start).TotalMinutes);
        var hours = (minutes + HourMinutes - 1) / HourMinutes;
        (_runs, _runsOfUser, _runsOfUserMax) = (new int[minutes], new int[minutes], new int[minutes]);
        (_hourRuns, _hourUsers, _hourTokens) = (new long[hours], new int[hours], new double[hours]);
        _isHourOfUser = new bool[hours];
    }

    /// <summary>A run of the user whose missions are being counted.</summary>
    public void Add(DateTimeOffset at, double tokens)
    {
        var minute = (int)((at - _start).Ticks / TimeSpan.TicksPerMinute);
        _runs[minute]++;
        if (_runsOfUser[minute]++ == 0)
        {
            _minutesOfUser.Add(minute);
        }

        var hour = minute / HourMinutes;
        _hourRuns[hour]++;
        _hourTokens[hour] += tokens;
        if (!_isHourOfUser[hour])
        {
            _isHourOfUser[hour] = true;
            _hourUsers[hour]++;
        }
    }

    /// <summary>The next run belongs to another user.</summary>
    public void EndUser()
    {
        foreach (var minute in _minutesOfUser)
        {
            _runsOfUserMax[minute] = Math.Max(_runsOfUserMax[minute], _runsOfUser[minute]);
            _runsOfUser[minute] = 0;
            _isHourOfUser[minute / HourMinutes] = false;
        }

        _minutesOfUser.Clear();
    }

    public IReadOnlyList<ForecastHour> Hours(PoolCapacity pool, bool areTokensKnown)
    {
        var behind = pool.Behind(_runs).ToArray();
        return
        [
            .. Enumerable
                .Range(0, _hourRuns.Length)
                .Select(hour => new ForecastHour(
                    _start.AddHours(hour),
                    _hourRuns[hour],
                    _hourUsers[hour],
                    areTokensKnown ? _hourTokens[hour] : null,
                    pool.Busy(_hourRuns[hour]),
                    behind[Math.Min(behind.Length, (hour + 1) * HourMinutes) - 1]
                )),
        ];
    }

    public IReadOnlyList<ForecastQuarter> Quarters()
    {
        var minutes = (int)ForecastQuarter.Length.TotalMinutes;
        return
        [
            .. _runs
                .Chunk(minutes)
                .Select(
                    (runs, quarter) =>
                        new ForecastQuarter(
                            _start.AddMinutes(quarter * minutes),
                            runs.Sum(count => (long)count)
                        )
                ),
        ];
    }

    public IReadOnlyList<ForecastMinute> PeakMinutes(PoolCapacity pool, int countMax) =>
        [
            .. Enumerable
                .Range(0, _runs.Length)
                .Where(minute => _runs[minute] > 0)
                .OrderByDescending(minute => _runs[minute])
                .ThenBy(minute => minute)
                .Take(countMax)
                .Select(minute => new ForecastMinute(
                    _start.AddMinutes(minute),
                    _runs[minute],
                    _runsOfUserMax[minute],
                    pool.WorkOff(_runs[minute], _runsOfUserMax[minute])
                )),
        ];
}
