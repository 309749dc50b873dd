using System.Text;
using System.Text.Json;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Runs;

/// <summary>Composes the rows that we write for a locked mission: an iteration, or a schedule alone.</summary>
public sealed class OwnRows(
    RunOptions options,
    ScheduleOptions schedule,
    FeedOptions feed,
    ILogger<OwnRows> logger
)
{
    /// <summary>The whole array goes into one row, which mana-sync and every device have to carry: 8 MB of JSON.</summary>
    public const int DataBytesMax = 8 * 1024 * 1024;

    /// <inheritdoc cref="MissionLocks.TakeAsync"/>
    internal Task<IReadOnlyList<LockedMission?>> TakeAsync(
        DatabaseTransaction transaction,
        LogAccess access,
        IReadOnlyList<(MissionKey Mission, RunReference Run)> asked,
        bool waits,
        CancellationToken cancellationToken
    )
    {
        // As far back as the feed looks at all: each tick to its margin, each sweep to its window.
        var window = feed.SweepWindow > feed.Margin ? feed.SweepWindow : feed.Margin;
        return new MissionLocks(transaction, access, asked, window, waits).TakeAsync(cancellationToken);
    }

    internal LockedSchedule ScheduleOf(LockedMission mission, Occurrence occurrence)
    {
        var own = LockedSchedule.Of(mission, schedule);
        if (options.IsScheduleAdvanced && own.Cadence is Cadence.Unreadable unreadable)
        {
            Log.UnreadableCadence(logger, occurrence.Mission.ToString(), occurrence.DueAt, unreadable.Reason);
        }

        return own;
    }

    /// <returns>null where the row's data would be larger than <see cref="DataBytesMax"/>.</returns>
    internal OwnRow? Iteration(
        LogAccess access,
        Claim claim,
        Agent? agent,
        Verdict verdict,
        LockedMission mission,
        LockedSchedule own,
        int periods
    )
    {
        var occurrence = claim.Occurrence;
        var earlier = mission.Projection.Fold["iterations"];
        if (earlier?.Length >= DataBytesMax)
        {
            return null;
        }

        var times = new IterationTimes(
            IsoText.Milliseconds(claim.ClaimedAt),
            IsoText.Milliseconds(mission.Now)
        );
        var iteration = verdict switch
        {
            Verdict.Planned planned => IterationJson.Write(occurrence.IterationId, planned.Plan, times),
            Verdict.Failed failed => IterationJson.Write(occurrence.IterationId, failed.ToFailure(), times),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        ChangedField[] fields =
        [
            Field(mission, "iterations", Append(earlier, iteration)),
            .. mission.IsScheduleKeptBy(claim) ? [] : NextRunAt(mission, own, periods),
        ];
        var plan = (verdict as Verdict.Planned)?.Plan;
        var actor = ChangeActor.OfIteration(access.Shape.Generation, agent, occurrence, plan);
        var row = new OwnRow(mission, occurrence.ChangeId, fields, actor);
        return row.DataBytes <= DataBytesMax ? row : null;
    }

    internal OwnRow Schedule(
        LogAccess access,
        Occurrence occurrence,
        LockedMission mission,
        LockedSchedule own
    )
    {
        ChangedField[] fields = [.. NextRunAt(mission, own, periods: 1)];
        var stamp = fields.Length > 0 ? fields[0].Time : "";
        return new OwnRow(
            mission,
            occurrence.ScheduleChangeId(stamp),
            fields,
            ChangeActor.OfSchedule(access.Shape.Generation)
        );
    }

    private IEnumerable<ChangedField> NextRunAt(LockedMission mission, LockedSchedule own, int periods) =>
        options.IsScheduleAdvanced
            ?
            [
                Field(
                    mission,
                    "nextRunAt",
                    Encoding.UTF8.GetBytes(own.NextRunAtJson(mission.Now, schedule, periods))
                ),
            ]
            : [];

    /// <summary>A stamp that never loses to what it has read: the later, as text, of the clock and the stored time.</summary>
    private static ChangedField Field(LockedMission mission, string name, ReadOnlyMemory<byte> json) =>
        new(
            name,
            json,
            FieldClock.Later(IsoText.Milliseconds(mission.Now), mission.Projection.Fold.StoredTime(name))
        );

    private static byte[] Append(ReadOnlyMemory<byte>? iterations, ReadOnlyMemory<byte> iteration)
    {
        using var buffer = new MemoryStream();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartArray();
        if (iterations is { } json)
        {
            using var document = JsonDocument.Parse(json, RecordJson.Options);
            if (document.RootElement.ValueKind == JsonValueKind.Array)
            {
                foreach (var earlier in document.RootElement.EnumerateArray())
                {
                    writer.WriteRawValue(earlier.GetRawText(), skipInputValidation: true);
                }
            }
        }

        writer.WriteRawValue(iteration.Span, skipInputValidation: true);
        writer.WriteEndArray();
        writer.Flush();
        return buffer.ToArray();
    }
}
