using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using NodaTime;

namespace ManaAi.Actors.Forecasts;

/// <param name="At">When it may start.</param>
/// <param name="SkipReason">Why it is skipped; null where it is planned.</param>
internal readonly record struct ForecastRun(Instant At, string? SkipReason);

/// <summary>
/// The runs of one mission within a window, as the service would come to them. Pure. What it leaves out: how long a run
/// takes, and so the minute or two by which an interval drifts.
/// </summary>
internal sealed class MissionRuns
{
    private static readonly Duration Least = Duration.FromMilliseconds(1);

    private readonly ForecastMission _mission;
    private readonly ForecastOptions _options;
    private readonly DateTimeZone _zone;
    private readonly Duration _spread;
    private readonly Instant _begin;
    private readonly Instant _from;
    private readonly Instant _to;
    private readonly Instant _earliest;

    private MissionRuns(ForecastMission mission, ForecastWindow window, ForecastOptions options)
    {
        _mission = mission;
        _options = options;
        _begin = Instant.FromDateTimeOffset(window.Begin);
        _from = Instant.FromDateTimeOffset(window.From);
        _to = Instant.FromDateTimeOffset(window.To);
        _earliest =
            mission.PausedUntil is { } until && until > window.Begin
                ? Instant.FromDateTimeOffset(until)
                : _begin;
        _zone = ZoneInference
            .Infer(
                mission.TimeZone,
                mission.Cadence,
                mission is { NextRunAt: { } meant, IsCadenceNewer: false }
                    ? Instant.FromDateTimeOffset(meant)
                    : null,
                options.Schedule.DefaultZone
            )
            .Zone;
        // Whole milliseconds, as all instants that schedules answer with.
        _spread = Duration.FromMilliseconds(
            (long)(options.Schedule.Spread.TotalMilliseconds * mission.SpreadShare)
        );
    }

    public static IEnumerable<ForecastRun> Of(
        ForecastMission mission,
        ForecastWindow window,
        ForecastOptions options
    ) => new MissionRuns(mission, window, options).Walk();

    private IEnumerable<ForecastRun> Walk()
    {
        var (due, isFirst) = (First(), true);
        while (due is { } at && at < _to)
        {
            // What is overdue starts at once, or when its pause ends; of several missed occurrences one is made up for.
            var start = Instant.Max(at + _spread, _earliest);
            if (start >= _to)
            {
                yield break;
            }

            if (start >= _from)
            {
                yield return new ForecastRun(start, SkipReasonOf(start - at, isFirst));
            }

            isFirst = false;
            due = _options.IsScheduleAdvanced ? After(start) : null;
        }
    }

    private Instant? First()
    {
        if (_mission.NextRunAt is not { } nextRunAt)
        {
            return _options.IsScheduleAdvanced ? After(_begin) : null;
        }

        var due = Instant.FromDateTimeOffset(nextRunAt);
        if (!_mission.IsSettled || due > _begin)
        {
            return due;
        }

        return _options.IsScheduleAdvanced ? After(_begin) : null;
    }

    private string? SkipReasonOf(Duration wait, bool isFirst)
    {
        var late = wait.ToTimeSpan();
        var isMissed =
            MissedRule.IsTooOld(late, _options.Schedule)
            || (MissedRule.IsSkippedAsLate(late, _options.Schedule) && !(isFirst && _mission.IsBegun));
        return isMissed && !(isFirst && _mission.IsHurried) ? SkipReasons.Missed : _mission.Agent?.SkipReason;
    }

    // A window may begin years ahead: what lies before it is passed over in one step.
    private Instant? After(Instant start)
    {
        if (_mission.Cadence is not Cadence.Interval)
        {
            return Next(Instant.Max(start, _from - _spread - Least));
        }

        var next = Next(start);
        if (next is not { } first || first + _spread >= _from || Next(first + _spread) is not { } second)
        {
            return next;
        }

        var step = second - first;
        return first + (step * (long)((_from - _spread - first) / step));
    }

    private Instant? Next(Instant after) =>
        Schedule.NextAfter(_mission.Cadence, _zone, after, _options.Schedule.IntervalMinutesMin)
            is NextRun.At at
            ? at.Instant
            : null;
}
