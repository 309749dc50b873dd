using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Forecasts;

/// <summary>
/// Counts the runs of missions that come one by one, all of a user's in a row. Pure, and its memory is that of the
/// window and of one user's agents, whatever the number of missions.
/// </summary>
public sealed class ForecastCounter
{
    private const int SharesMax = 10;
    private const int PeaksMax = 5;

    private readonly ForecastWindow _window;
    private readonly ForecastOptions _options;
    private readonly ForecastHistory _history;
    private readonly Timeline _timeline;
    private readonly TopShares _users = new(SharesMax);
    private readonly TopShares _agents = new(SharesMax);
    private readonly SortedDictionary<string, ForecastSkips> _skips = new(StringComparer.Ordinal);
    private readonly long[] _runsByBasis = new long[Enum.GetValues<TokenBasis>().Length];
    private readonly Dictionary<AgentId, ForecastShare> _agentsOfUser = [];
    private ForecastShare? _user;
    private ForecastSums _sums = new(0, 0, 0, 0, 0, 0);

    /// <param name="history">Tells what a plan takes, and what a run costs where nothing nearer is known.</param>
    public ForecastCounter(ForecastWindow window, ForecastOptions options, ForecastHistory history)
    {
        (_window, _options, _history) = (window, options, history);
        _timeline = new Timeline(window);
    }

    private bool AreTokensKnown => _history.OfAll is not null;

    public void Add(ForecastMission mission)
    {
        if (_user?.UserId != mission.UserId.Value)
        {
            EndUser();
            _user = new ForecastShare(mission.UserId.Value, null, 0, 0, 0);
        }

        var estimate = mission.Tokens ?? _history.OfAll ?? new TokenEstimate(TokenBasis.None, 0, 0);
        var (planned, skipped) = (0L, (string?)null);
        foreach (var run in MissionRuns.Of(mission, _window, _options))
        {
            if (run.SkipReason is { } reason)
            {
                Skip(reason, isFirst: skipped != reason);
                skipped = reason;
                continue;
            }

            planned++;
            _timeline.Add(run.At.ToDateTimeOffset(), estimate.Average);
        }

        _runsByBasis[(int)estimate.Basis] += planned;
        _sums = _sums with { Missions = _sums.Missions + 1 };
        if (planned > 0)
        {
            Count(mission, planned, planned * estimate.Average);
        }
    }

    public Forecast Finish()
    {
        EndUser();
        var pool = PoolCapacity.Of(_options, _history);
        var hours = _timeline.Hours(pool, AreTokensKnown);
        return new Forecast(_window, pool, _history)
        {
            Hours = hours,
            Quarters = _timeline.Quarters(),
            PeakHour = hours.Where(hour => hour.Runs > 0).MaxBy(hour => hour.Runs),
            PeakMinutes = _timeline.PeakMinutes(pool, PeaksMax),
            TopUsers = _users.Shares,
            TopAgents = _agents.Shares,
            Sums = AreTokensKnown ? _sums : _sums with { Tokens = null },
            Skips = [.. _skips.Values],
            RunsByBasis = Enum.GetValues<TokenBasis>()
                .ToDictionary(basis => basis, basis => _runsByBasis[(int)basis]),
        };
    }

    private void Skip(string reason, bool isFirst)
    {
        var skips = _skips.GetValueOrDefault(reason) ?? new ForecastSkips(reason, 0, 0);
        _skips[reason] = skips with { Missions = skips.Missions + (isFirst ? 1 : 0), Runs = skips.Runs + 1 };
    }

    private void Count(ForecastMission mission, long runs, double tokens)
    {
        _sums = _sums with
        {
            MissionsWithRuns = _sums.MissionsWithRuns + 1,
            Runs = _sums.Runs + runs,
            Tokens = _sums.Tokens + tokens,
        };
        _user = Grown(_user!, runs, tokens);
        if (mission.Agent is { Id: var agent })
        {
            var share =
                _agentsOfUser.GetValueOrDefault(agent)
                ?? new ForecastShare(mission.UserId.Value, agent.Value, 0, 0, 0);
            _agentsOfUser[agent] = Grown(share, runs, tokens);
        }
    }

    private static ForecastShare Grown(ForecastShare share, long runs, double tokens) =>
        share with
        {
            Missions = share.Missions + 1,
            Runs = share.Runs + runs,
            Tokens = share.Tokens + tokens,
        };

    private void EndUser()
    {
        _timeline.EndUser();
        if (_user is not { Runs: > 0 } user)
        {
            return;
        }

        _sums = _sums with { Users = _sums.Users + 1, Agents = _sums.Agents + _agentsOfUser.Count };
        _users.Offer(Told(user));
        foreach (var agent in _agentsOfUser.Values)
        {
            _agents.Offer(Told(agent));
        }

        _agentsOfUser.Clear();
    }

    private ForecastShare Told(ForecastShare share) => AreTokensKnown ? share : share with { Tokens = null };
}
