using System.Text.Json;
using System.Text.Json.Serialization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Forecasts;

namespace ManaAi.Host.Commands;

/// <summary>The answer of `simulate` for programs. Its names are a contract; tokens are null where nothing tells them.</summary>
internal static class SimulateJson
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static string Of(Forecast forecast, ForecastOptions options) =>
        Printable.Json(JsonSerializer.Serialize(View(forecast, options), Indented));

    private static SimulateView View(Forecast forecast, ForecastOptions options) =>
        new(
            IsoText.Milliseconds(forecast.Window.From),
            IsoText.Milliseconds(forecast.Window.To),
            forecast.History.LogReadAt is { } readAt ? IsoText.Milliseconds(readAt) : null,
            new(
                forecast.Sums.Missions,
                forecast.Sums.MissionsWithRuns,
                forecast.Sums.Runs,
                forecast.Sums.Users,
                forecast.Sums.Agents,
                Whole(forecast.Sums.Tokens)
            ),
            forecast.Skips,
            [.. forecast.Hours.Select(Hour)],
            [
                .. forecast
                    .Hours.Where(hour => hour.IsOverloaded)
                    .Select(hour => IsoText.Milliseconds(hour.At)),
            ],
            new(
                forecast.PeakHour is { } peak ? Hour(peak) : null,
                [
                    .. forecast.PeakMinutes.Select(minute => new SimulateMinute(
                        IsoText.Milliseconds(minute.At),
                        minute.Runs,
                        minute.RunsOfOneUser,
                        Seconds(minute.WorkOff.TotalSeconds)
                    )),
                ]
            ),
            [
                .. forecast.TopUsers.Select(user => new SimulateUser(
                    user.UserId,
                    user.Missions,
                    user.Runs,
                    Whole(user.Tokens)
                )),
            ],
            [
                .. forecast.TopAgents.Select(agent => new SimulateAgent(
                    agent.UserId,
                    agent.AgentId!,
                    agent.Missions,
                    agent.Runs,
                    Whole(agent.Tokens)
                )),
            ],
            Assumptions(forecast, options)
        );

    private static SimulateAssumptions Assumptions(Forecast forecast, ForecastOptions options) =>
        new(
            ForecastHistory.Days,
            new(
                options.PlansMax,
                options.Nodes,
                forecast.Pool.Planners,
                forecast.Pool.PerUserMax,
                Seconds(forecast.Pool.SecondsPerPlan),
                forecast.Pool.SecondsSource,
                forecast.History.Plans
            ),
            new(
                Whole(forecast.History.OfAll?.Average),
                forecast.History.Runs,
                forecast.RunsByBasis[TokenBasis.Mission],
                forecast.RunsByBasis[TokenBasis.Agent],
                forecast.RunsByBasis[TokenBasis.User],
                forecast.RunsByBasis[TokenBasis.All],
                forecast.RunsByBasis[TokenBasis.None]
            ),
            new(
                options.Schedule.DefaultZone.Id,
                options.Schedule.IntervalMinutesMin,
                options.Schedule.IsMissedMadeUpFor ? "once" : "skip",
                (long)options.Schedule.MissedAfter.TotalMilliseconds,
                (long)options.Schedule.Spread.TotalMilliseconds,
                options.IsScheduleAdvanced
            )
        );

    private static SimulateHour Hour(ForecastHour hour) =>
        new(
            IsoText.Milliseconds(hour.At),
            hour.Runs,
            hour.Users,
            Whole(hour.Tokens),
            Math.Round(hour.Busy * 100, 1),
            !hour.IsOverloaded,
            Seconds(hour.Behind.TotalSeconds)
        );

    private static long? Whole(double? tokens) => tokens is { } known ? (long)Math.Round(known) : null;

    private static double Seconds(double seconds) => Math.Round(seconds, 1);
}

internal sealed record SimulateView(
    string From,
    string To,
    string? LogReadAt,
    SimulateSums Sums,
    IReadOnlyList<ForecastSkips> Skipped,
    IReadOnlyList<SimulateHour> Hours,
    IReadOnlyList<string> OverloadedHours,
    SimulatePeaks Peaks,
    IReadOnlyList<SimulateUser> TopUsers,
    IReadOnlyList<SimulateAgent> TopAgents,
    SimulateAssumptions Assumptions
);

internal sealed record SimulateSums(
    int Missions,
    int MissionsWithRuns,
    long Runs,
    int Users,
    int Agents,
    long? Tokens
);

internal sealed record SimulateHour(
    string Hour,
    long Runs,
    int Users,
    long? Tokens,
    double BusyPercent,
    bool KeepsUp,
    double BehindSeconds
);

internal sealed record SimulatePeaks(SimulateHour? Hour, IReadOnlyList<SimulateMinute> Minutes);

internal sealed record SimulateMinute(string Minute, int Runs, int RunsOfOneUser, double WorkOffSeconds);

internal sealed record SimulateUser(string UserId, int Missions, long Runs, long? Tokens);

internal sealed record SimulateAgent(string UserId, string AgentId, int Missions, long Runs, long? Tokens);

internal sealed record SimulateAssumptions(
    int HistoryDays,
    SimulatePool Pool,
    SimulateTokens TokensPerRun,
    SimulateSchedule Schedule
);

internal sealed record SimulatePool(
    int PlansMax,
    int Nodes,
    int Planners,
    int PlansPerUserMax,
    double SecondsPerPlan,
    SecondsSource SecondsSource,
    long SamplePlans
);

internal sealed record SimulateTokens(
    long? Average,
    long SampleRuns,
    long RunsByMission,
    long RunsByAgent,
    long RunsByUser,
    long RunsByAll,
    long RunsUnknown
);

internal sealed record SimulateSchedule(
    string DefaultTimeZone,
    int MinIntervalMinutes,
    string MissedRuns,
    long MissedAfterMs,
    long SpreadMs,
    bool AdvanceSchedule
);
