using System.Globalization;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Wording;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Dashboard.Missions;

/// <summary>When a mission runs next, as the endpoint of /internal tells it.</summary>
/// <param name="Cadence">interval, daily, weekly, cron, manual or unreadable.</param>
/// <param name="ZoneReason">From what the zone is known.</param>
/// <param name="Never">Why there is no further run; null where there are ten.</param>
public sealed record MissionSchedule(
    string Cadence,
    string Zone,
    string ZoneReason,
    IReadOnlyList<DateTimeOffset> NextRuns,
    string? Never
)
{
    internal static MissionSchedule? Of(MissionDetails details, ScheduleOptions options, Texts texts)
    {
        if (details.Record is not { } json)
        {
            return null;
        }

        using var document = JsonDocument.Parse(json, RecordJson.Options);
        return ScheduleView.Of(document.RootElement, details, options) is { } schedule
            ? new MissionSchedule(
                schedule.Cadence,
                schedule.Zone,
                texts.WhyWords.Pick(schedule.ZoneReason, schedule.ZoneReasonInGerman),
                [.. schedule.NextRuns.Select(run => DateTimeOffset.Parse(run, CultureInfo.InvariantCulture))],
                schedule.Never
            )
            : null;
    }
}
