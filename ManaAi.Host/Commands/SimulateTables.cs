using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Forecasts;

namespace ManaAi.Host.Commands;

/// <summary>The answer of `simulate` for people. Ids only: nothing that a user wrote.</summary>
internal static class SimulateTables
{
    private static readonly Column[] HourColumns =
    [
        new("hour (UTC)"),
        new("runs", IsNumber: true),
        new("users", IsNumber: true),
        new("tokens", IsNumber: true),
        new("busy", IsNumber: true),
        new(""),
    ];

    private static readonly Column[] UserColumns =
    [
        new("user"),
        new("missions", IsNumber: true),
        new("runs", IsNumber: true),
        new("tokens", IsNumber: true),
    ];

    private static readonly Column[] AgentColumns = [new("agent"), .. UserColumns];

    private static readonly Column[] MinuteColumns =
    [
        new("peak (UTC)"),
        new("runs", IsNumber: true),
        new("of one user", IsNumber: true),
        new("worked off in", IsNumber: true),
    ];

    public static void Write(TextWriter output, Forecast forecast, ForecastOptions options)
    {
        Columns.Write(output, HourColumns, forecast.Hours.Select(HourRow));
        output.WriteLine();
        if (forecast.TopUsers.Count > 0)
        {
            Columns.Write(output, UserColumns, forecast.TopUsers.Select(UserRow));
            output.WriteLine();
        }

        if (forecast.TopAgents.Count > 0)
        {
            Columns.Write(
                output,
                AgentColumns,
                forecast.TopAgents.Select(agent => (string[])[agent.AgentId!, .. UserRow(agent)])
            );
            output.WriteLine();
        }

        if (forecast.PeakMinutes.Count > 0)
        {
            Columns.Write(output, MinuteColumns, forecast.PeakMinutes.Select(MinuteRow));
            output.WriteLine();
        }

        Table.Write(output, [.. Sums(forecast), .. Assumptions(forecast, options)]);
    }

    private static string[] HourRow(ForecastHour hour) =>
        [
            Minute(hour.At),
            Number(hour.Runs),
            Number(hour.Users),
            Tokens(hour.Tokens),
            Text($"{hour.Busy * 100:0}%"),
            Mark(hour),
        ];

    private static string Mark(ForecastHour hour)
    {
        var behind = hour.Behind >= TimeSpan.FromMinutes(1) ? $"{Span(hour.Behind)} behind at its end" : "";
        return (hour.IsOverloaded, behind) switch
        {
            (true, "") => "does not keep up",
            (true, _) => $"does not keep up, {behind}",
            _ => behind,
        };
    }

    private static string[] UserRow(ForecastShare share) =>
        [share.UserId, Number(share.Missions), Number(share.Runs), Tokens(share.Tokens)];

    private static string[] MinuteRow(ForecastMinute minute) =>
        [Minute(minute.At), Number(minute.Runs), Number(minute.RunsOfOneUser), Span(minute.WorkOff)];

    private static IEnumerable<(string Name, object Value)> Sums(Forecast forecast)
    {
        var (sums, window) = (forecast.Sums, forecast.Window);
        yield return ("from", IsoText.Milliseconds(window.From));
        yield return ("to", IsoText.Milliseconds(window.To));
        yield return (
            "runs",
            $"{Number(sums.Runs)}, of {Many(sums.MissionsWithRuns, "mission")} of {Many(sums.Users, "user")}"
        );
        yield return ("tokens", Tokens(sums.Tokens));
        if (forecast.PeakHour is { } peak)
        {
            yield return ("fullest hour", $"{Minute(peak.At)}, {Many(peak.Runs, "run")}");
        }

        var overloaded = forecast.Hours.Count(hour => hour.IsOverloaded);
        yield return ("does not keep up", overloaded == 0 ? "never" : $"in {Many(overloaded, "hour")}");
        foreach (var skips in forecast.Skips)
        {
            yield return (
                $"skipped ({skips.Reason})",
                $"{Many(skips.Runs, "run")} of {Many(skips.Missions, "mission")}, not counted above"
            );
        }
    }

    private static IEnumerable<(string Name, object Value)> Assumptions(
        Forecast forecast,
        ForecastOptions options
    )
    {
        var (pool, history, schedule) = (forecast.Pool, forecast.History, options.Schedule);
        yield return (
            "pool",
            Text($"{options.Nodes} x {options.PlansMax} plans at once, {pool.PerUserMax} for one user")
        );
        yield return ("seconds a plan", Text($"{pool.SecondsPerPlan:0.#}, {Source(forecast)}"));
        yield return ("tokens a run", TokenSource(history));
        if (history.Runs > 0)
        {
            yield return ("  known by", ByBasis(forecast.RunsByBasis));
        }

        yield return (
            "schedules",
            $"{schedule.DefaultZone.Id} by default, intervals from {Number(schedule.IntervalMinutesMin)} min"
                + (schedule.Spread > TimeSpan.Zero ? $", spread over {Span(schedule.Spread)}" : "")
                + (options.IsScheduleAdvanced ? "" : ", only what nextRunAt says (ADVANCE_SCHEDULE)")
        );
        yield return (
            "change log read",
            history.LogReadAt is { } readAt ? IsoText.Milliseconds(readAt) : "never"
        );
    }

    private static string Source(Forecast forecast) =>
        forecast.Pool.SecondsSource switch
        {
            SecondsSource.Given => "as asked",
            SecondsSource.History =>
                $"the average of {Many(forecast.History.Plans, "plan")} of the last {Number(ForecastHistory.Days)} days",
            _ => Text($"assumed: there is no plan of the last {ForecastHistory.Days} days"),
        };

    private static string TokenSource(ForecastHistory history) =>
        history.OfAll is { } all
            ? $"{Tokens(all.Average)}, the average of {Many(all.Runs, "run")} of the last {Number(ForecastHistory.Days)} days"
            : Text($"unknown: there is no run of the last {ForecastHistory.Days} days that cost any");

    private static string ByBasis(IReadOnlyDictionary<TokenBasis, long> runs) =>
        $"the mission's own runs {Number(runs[TokenBasis.Mission])}, its agent's {Number(runs[TokenBasis.Agent])}, "
        + $"its user's {Number(runs[TokenBasis.User])}, those of all {Number(runs[TokenBasis.All])}";

    private static string Span(TimeSpan span) =>
        span switch
        {
            { TotalMinutes: < 1 } => Text($"{Math.Ceiling(span.TotalSeconds):0} s"),
            { TotalHours: < 1 } => Text($"{span.Minutes} min {span.Seconds} s"),
            _ => Text($"{Math.Floor(span.TotalHours):0} h {span.Minutes} min"),
        };

    private static string Tokens(double? tokens) => tokens is { } known ? Text($"{known:0}") : "?";

    private static string Many(long count, string noun) =>
        count == 1 ? $"1 {noun}" : $"{Number(count)} {noun}s";

    private static string Number(long number) => Text($"{number}");

    private static string Minute(DateTimeOffset at) => Text($"{at.UtcDateTime:yyyy-MM-dd HH:mm}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
