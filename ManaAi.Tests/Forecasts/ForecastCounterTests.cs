using System.Globalization;
using ManaAi.Actors.Forecasts;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Forecasts;

public class ForecastCounterTests
{
    private static readonly DateTimeOffset _from = new(2026, 3, 2, 8, 30, 0, TimeSpan.Zero);

    private static readonly ForecastHistory _none = new(0, 0, 0, 0);

    // 600 tokens a run, 30 seconds a plan.
    private static readonly ForecastHistory _some = new(10, 6000, 4, 120);

    private readonly ForecastOptions _options = new()
    {
        Schedule = new ScheduleOptions(),
        PlansMax = 2,
        PlansPerUserMax = 1,
    };

    [Fact]
    public void Hours_are_those_of_UTC_and_each_counts_a_user_once()
    {
        var forecast = Count(
            _some,
            Once("anna", "08:40"),
            Once("anna", "08:50"),
            Once("anna", "10:00"),
            Once("berta", "08:59")
        );

        forecast
            .Hours.Select(hour => $"{hour.At:HH:mm} {hour.Runs} {hour.Users} {hour.Tokens}")
            .ShouldBe(["08:00 3 2 1800", "09:00 0 0 0", "10:00 1 1 600", "11:00 0 0 0"]);
        forecast.Sums.ShouldBe(new ForecastSums(4, 4, 4, 2, 0, 2400));
        forecast.PeakHour.ShouldNotBeNull().Runs.ShouldBe(3);
    }

    [Fact]
    public void Tokens_come_from_the_nearest_history_and_it_is_told_which()
    {
        var forecast = Count(
            _some,
            Once("anna", "09:00") with
            {
                Tokens = new TokenEstimate(TokenBasis.Mission, 100, 3),
            },
            Once("anna", "09:00") with
            {
                Tokens = new TokenEstimate(TokenBasis.Agent, 200, 5),
            },
            Once("anna", "09:00") with
            {
                Tokens = new TokenEstimate(TokenBasis.User, 300, 5),
            },
            Once("berta", "09:00")
        );

        forecast.Sums.Tokens.ShouldBe(1200);
        forecast.RunsByBasis.Values.ShouldBe([1, 1, 1, 1, 0]);
    }

    [Fact]
    public void Without_a_history_tokens_are_unknown_and_not_nought()
    {
        var forecast = Count(_none, WithAgent(Once("anna", "09:00"), "agent-1"));

        forecast.Sums.Tokens.ShouldBeNull();
        forecast.Hours.ShouldAllBe(hour => hour.Tokens == null);
        forecast.TopUsers.Concat(forecast.TopAgents).ShouldAllBe(share => share.Tokens == null);
        forecast.RunsByBasis[TokenBasis.None].ShouldBe(1);
    }

    [Fact]
    public void Agents_are_counted_for_each_user_apart()
    {
        var forecast = Count(
            _some,
            WithAgent(Once("anna", "09:00"), "agent-1"),
            WithAgent(Once("anna", "09:00"), "agent-1"),
            WithAgent(Once("anna", "09:00"), "agent-2"),
            WithAgent(Once("berta", "09:00"), "agent-1")
        );

        forecast
            .TopAgents.Select(agent => $"{agent.UserId}/{agent.AgentId} {agent.Missions} {agent.Runs}")
            .ShouldBe(["anna/agent-1 2 2", "anna/agent-2 1 1", "berta/agent-1 1 1"]);
        forecast.Sums.Agents.ShouldBe(3);
    }

    [Fact]
    public void The_ten_with_the_most_runs_are_shown_in_their_order()
    {
        var missions = Enumerable
            .Range(0, 12)
            .SelectMany(user =>
                Enumerable.Repeat(Once($"user-{user:00}", "09:00"), user == 3 ? 5 : user % 3)
            );

        var forecast = Count(_some, [.. missions]);

        forecast
            .TopUsers.Select(user => $"{user.UserId} {user.Runs}")
            .ShouldBe([
                "user-03 5",
                "user-02 2",
                "user-05 2",
                "user-08 2",
                "user-11 2",
                "user-01 1",
                "user-04 1",
                "user-07 1",
                "user-10 1",
            ]);
        Count(_some, [.. Enumerable.Range(0, 12).Select(user => Once($"user-{user:00}", "09:00"))])
            .TopUsers.Select(user => user.UserId)
            .ShouldBe(Enumerable.Range(0, 10).Select(user => $"user-{user:00}"));
    }

    [Fact]
    public void What_is_skipped_has_a_number_of_its_own_and_costs_nothing()
    {
        var paused = new ForecastAgent(new AgentId("agent-1"), "paused", null);
        var old = new ForecastMission(new UserId("anna"))
        {
            Cadence = new Cadence.Interval(60),
            NextRunAt = _from.AddDays(-30),
            Agent = paused,
        };

        var forecast = Count(_some, old, Once("anna", "09:00") with { Agent = paused });

        forecast.Skips.ShouldBe([new ForecastSkips("agent-paused", 2, 3), new ForecastSkips("missed", 1, 1)]);
        forecast.Sums.ShouldBe(new ForecastSums(2, 0, 0, 0, 0, 0));
        forecast.Hours.ShouldAllBe(hour => hour.Runs == 0);
        (forecast.TopUsers.Count, forecast.TopAgents.Count).ShouldBe((0, 0));
        (forecast.PeakHour, forecast.PeakMinutes.Count).ShouldBe((null, 0));
    }

    [Fact]
    public void An_hour_that_needs_more_than_the_pool_has_does_not_keep_up_and_leaves_work_behind()
    {
        // Two planners have 7,200 seconds in an hour: 240 plans. 241 come at 09:00, and nothing after it.
        var forecast = Count(_some, [.. Enumerable.Range(0, 241).Select(_ => Once("anna", "09:00"))]);

        forecast.Hours.Select(hour => hour.IsOverloaded).ShouldBe([false, true, false, false]);
        forecast.Hours.Select(hour => hour.Behind.TotalSeconds).ShouldBe([0, 15, 0, 0]);
        forecast.Hours[1].Busy.ShouldBe(241 / 240.0);
        Count(_some, [.. Enumerable.Range(0, 240).Select(_ => Once("anna", "09:00"))])
            .Hours[1]
            .IsOverloaded.ShouldBeFalse();
    }

    [Fact]
    public void A_herd_is_the_peak_with_the_time_to_work_it_off()
    {
        string[] users = ["anna", "berta", "clara", "dora", "emma"];
        var missions = users
            .Select(user => Once(user, "09:00"))
            .Append(Once("emma", "09:01"))
            .Append(Once("emma", "09:01"))
            .Append(Once("emma", "09:01"))
            .Append(Once("emma", "10:00"));

        var peaks = Count(_some, [.. missions]).PeakMinutes;

        // Five runs by two planners are three waves of 30 seconds; one user's three pass one at a time.
        peaks
            .Select(peak => $"{peak.At:HH:mm} {peak.Runs} {peak.RunsOfOneUser} {peak.WorkOff.TotalSeconds}")
            .ShouldBe(["09:00 5 1 90", "09:01 3 3 90", "10:00 1 1 30"]);
    }

    [Theory]
    [InlineData(null, 4, 30, SecondsSource.History)]
    [InlineData(null, 0, 15, SecondsSource.Assumed)]
    [InlineData(2.5, 4, 2.5, SecondsSource.Given)]
    public void What_a_plan_takes_is_given_or_known_or_assumed(
        double? given,
        int plans,
        double seconds,
        SecondsSource source
    )
    {
        var options = _options with { SecondsPerPlan = given, Nodes = 3 };

        PoolCapacity
            .Of(options, _some with { Plans = plans })
            .ShouldBe(new PoolCapacity(6, 1, seconds, source));
    }

    [Fact]
    public void A_month_of_intervals_is_counted_to_the_last_minute()
    {
        var window = new ForecastWindow(_from, _from, _from + ForecastWindow.LengthMax);
        var counter = new ForecastCounter(window, _options, _none);
        counter.Add(
            new ForecastMission(new UserId("anna")) { Cadence = new Cadence.Interval(5), NextRunAt = _from }
        );

        var forecast = counter.Finish();

        forecast.Sums.Runs.ShouldBe(31 * 24 * 12);
        forecast.Hours.Sum(hour => hour.Runs).ShouldBe(31 * 24 * 12);
        forecast.Hours.Count.ShouldBe((31 * 24) + 1);
        forecast.Hours[^1].Runs.ShouldBe(6);
    }

    private Forecast Count(ForecastHistory history, params ForecastMission[] missions)
    {
        var counter = new ForecastCounter(
            new ForecastWindow(_from, _from, _from.AddHours(3)),
            _options,
            history
        );
        foreach (var mission in missions)
        {
            counter.Add(mission);
        }

        return counter.Finish();
    }

    private static ForecastMission Once(string user, string at) =>
        new(new UserId(user))
        {
            Cadence = new Cadence.Manual(),
            NextRunAt = DateTimeOffset.Parse($"2026-03-02T{at}:00Z", CultureInfo.InvariantCulture),
        };

    private static ForecastMission WithAgent(ForecastMission mission, string agent) =>
        mission with
        {
            Agent = new ForecastAgent(new AgentId(agent), "active", null),
        };
}
