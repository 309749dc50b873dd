using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using NodaTime;

namespace ManaAi.Actors.Runs;

/// <summary>The schedule of a locked mission: its cadence, its zone, and when it runs next.</summary>
internal sealed record LockedSchedule(Cadence Cadence, DateTimeZone Zone)
{
    /// <summary>Its nextRunAt may tell the zone that it was meant in.</summary>
    public static LockedSchedule Of(LockedMission mission, ScheduleOptions options)
    {
        var fold = mission.Projection.Fold;
        using var document = JsonDocument.Parse(fold["cadence"]!.Value, RecordJson.Options);
        var cadence = CadenceJson.Parse(document.RootElement);

        // A cadence written after nextRunAt says nothing about the hour at which that one was meant to be.
        var isCadenceNewer = !FieldClock.Wins(fold.StoredTime("nextRunAt"), fold.StoredTime("cadence"));
        var nextRunAt = mission.Projection.MissionState().NextRunAt;
        var meant =
            isCadenceNewer || nextRunAt is not { } at ? (Instant?)null : Instant.FromDateTimeOffset(at);
        return new LockedSchedule(
            cadence,
            ZoneInference.Infer(fold.Text("timeZone"), cadence, meant, options.DefaultZone).Zone
        );
    }

    /// <summary>The field's value in JSON. To clear it, null is written with its stamp, as a device's clearing is.</summary>
    /// <param name="periods">How many of its periods it rests, but no longer than <see cref="Slowdown.Max"/>.</param>
    public string NextRunAtJson(DateTimeOffset now, ScheduleOptions options, int periods)
    {
        var from = Instant.FromDateTimeOffset(now);
        var latest = from + Duration.FromTimeSpan(Slowdown.Max);
        var upcoming = Schedule
            .Upcoming(Cadence, Zone, from, options.IntervalMinutesMin)
            .OfType<NextRun.At>()
            .Select((next, index) => (next.Instant, Index: index))
            .TakeWhile(next => next.Index == 0 || (next.Index < periods && next.Instant <= latest));
        Instant? last = null;
        foreach (var (instant, _) in upcoming)
        {
            last = instant;
        }

        return last is { } found ? $"\"{IsoText.Milliseconds(found.ToDateTimeOffset())}\"" : "null";
    }
}
