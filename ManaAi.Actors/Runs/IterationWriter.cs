using System.Text;
using System.Text.Json;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>
/// Closes a run and writes what came of it into the change log, in one transaction, as the mission's user.
/// </summary>
/// <remarks>
/// The guards are looked at under the locks of user, mission and run, on a record with everything folded that the log
/// shows: epoch and owner still ours, the mission still due at this instant, no device under way. What may race is
/// another node's claim (the epoch ends it) and a device's edit (folded before, or ordered after by its own stamp).
/// When the process dies here, nothing has happened; when only the acknowledgement of COMMIT is lost, the run is
/// closed, and whoever looks sees that.
/// </remarks>
public sealed class IterationWriter(
    SyncDatabase database,
    NodeId node,
    RunOptions options,
    ScheduleOptions schedule,
    Metrics metrics,
    ILogger<IterationWriter> logger
)
{
    public async Task<WriteBackResult> WriteAsync(
        LogAccess access,
        Claim claim,
        Agent? agent,
        Verdict verdict,
        CancellationToken cancellationToken
    )
    {
        var reference = new RunReference(claim.RunId, claim.Epoch, node.Value);
        try
        {
            var result = await WriteOnceAsync(access, claim, reference, agent, verdict, cancellationToken);
            Report(claim, verdict, result);
            return result;
        }
        catch (PostgresException exception)
            when (exception
                    is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "sync_changes" or null }
            )
        {
            return await CloseAsWrittenAsync(access, claim, cancellationToken);
        }
    }

    /// <summary>
    /// Moves the schedule of a mission that is due at an instant which already has its verdict. Whatever changed
    /// meanwhile wins: then nothing is written.
    /// </summary>
    public async Task MoveOnAsync(
        LogAccess access,
        Occurrence occurrence,
        CancellationToken cancellationToken
    )
    {
        var isMoved = await MoveScheduleAsync(
            access,
            occurrence,
            mission => IsStillDue(mission, occurrence),
            cancellationToken
        );
        if (isMoved)
        {
            Log.ScheduleRepaired(logger, occurrence.Mission.ToString(), occurrence.DueAt);
        }
    }

    /// <summary>Gives a cron mission, which no device schedules, its first nextRunAt.</summary>
    public async Task ScheduleFirstAsync(
        LogAccess access,
        MissionKey mission,
        CancellationToken cancellationToken
    )
    {
        // There is no occurrence yet: the row's id is that of a schedule from nothing, and of its stamp.
        var isMoved = await MoveScheduleAsync(
            access,
            new Occurrence(mission, DateTimeOffset.UnixEpoch),
            locked => locked.Projection.MissionState().NeedsSchedule,
            cancellationToken
        );
        if (isMoved)
        {
            Log.FirstScheduled(logger, mission.ToString());
        }
    }

    /// <summary>One row that the log does not take must not keep the tick from everything else: it is said.</summary>
    private async Task<bool> MoveScheduleAsync(
        LogAccess access,
        Occurrence occurrence,
        Func<LockedMission, bool> isWanted,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await MoveScheduleOnceAsync(access, occurrence, isWanted, cancellationToken);
        }
        catch (PostgresException exception) when (!exception.IsTransient)
        {
            Log.ScheduleRefused(logger, occurrence.Mission.ToString(), exception.SqlState);
            return false;
        }
    }

    private async Task<bool> MoveScheduleOnceAsync(
        LogAccess access,
        Occurrence occurrence,
        Func<LockedMission, bool> isWanted,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var mission = await LockedMission.TakeAsync(
            transaction,
            access,
            occurrence.Mission,
            new RunReference(RunId: 0, Epoch: 0, node.Value),
            cancellationToken
        );
        if (mission is null || !isWanted(mission))
        {
            return false;
        }

        var row = ScheduleRow(access, occurrence, mission);
        await using var batch = transaction.Batch();
        row.AddTo(batch, access, occurrence.Mission, mission);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task<WriteBackResult> WriteOnceAsync(
        LogAccess access,
        Claim claim,
        RunReference reference,
        Agent? agent,
        Verdict verdict,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var mission = await LockedMission.TakeAsync(
            transaction,
            access,
            claim.Mission,
            reference,
            cancellationToken
        );
        if (mission is not { IsClaimMine: true })
        {
            return WriteBackResult.ClaimLost;
        }

        var isDue = IsStillDue(mission, claim.Occurrence);
        await using var batch = transaction.Batch();
        var missed = isDue && verdict is Verdict.Planned ? CountMissed(claim, mission) : 0;
        AddClose(batch, reference, claim.Occurrence, isDue ? verdict : null, verdict).Add("missed", missed);
        batch.Then(Sql.Get("WakeUser")).Add("user", claim.Mission.UserId.Value).Add("run", claim.RunId);
        if (isDue)
        {
            var row =
                verdict is Verdict.Skipped
                    ? ScheduleRow(access, claim.Occurrence, mission)
                    : IterationRow(access, claim, agent, verdict, mission);
            if (row.Fields.Count > 0)
            {
                row.AddTo(batch, access, claim.Mission, mission);
            }
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (!isDue)
        {
            return WriteBackResult.Superseded;
        }

        metrics.DueToWritten.Record((mission.Now - claim.Occurrence.DueAt).TotalSeconds);
        return WriteBackResult.Written;
    }

    /// <summary>Active, not deleted, still this instant, nothing in the way, and no device under way.</summary>
    private static bool IsStillDue(LockedMission mission, Occurrence occurrence)
    {
        var state = mission.Projection.MissionState();
        return state is { State: "active", IsDeleted: false, Obstacle: null }
            && state.NextRunAt == occurrence.DueAt
            && !(state.RunningUntil > mission.Now);
    }

    private static NpgsqlBatchCommand AddClose(
        NpgsqlBatch batch,
        RunReference run,
        Occurrence occurrence,
        Verdict? verdict,
        Verdict produced
    )
    {
        var (reason, detail) = verdict switch
        {
            Verdict.Failed failed => (failed.Reason.Word(), failed.Detail),
            Verdict.Skipped skipped => (skipped.Reason, skipped.Detail),
            _ => ((string?)null, (string?)null),
        };
        return batch
            .Then(Sql.Get("CloseRun"))
            .Add("run", run.RunId)
            .Add("epoch", run.Epoch)
            .Add("node", run.Owner)
            .Add("verdict", verdict?.Word ?? "superseded")
            .Add("reason", reason)
            .Add("detail", detail)
            .Add("has_plan", produced is Verdict.Planned)
            .Add(
                "iteration_id",
                verdict is Verdict.Planned or Verdict.Failed ? occurrence.IterationId : (Guid?)null
            );
    }

    private OwnRow IterationRow(
        LogAccess access,
        Claim claim,
        Agent? agent,
        Verdict verdict,
        LockedMission mission
    )
    {
        var occurrence = claim.Occurrence;
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
        var fields = new List<ChangedField>
        {
            Field(mission, "iterations", Append(mission.Projection.Fold["iterations"], iteration)),
        };
        AddNextRunAt(fields, mission, occurrence);
        var plan = (verdict as Verdict.Planned)?.Plan;
        var actor = ChangeActor.OfIteration(access.Shape.Generation, agent, occurrence, plan);
        return new OwnRow(occurrence.ChangeId, fields, actor);
    }

    private OwnRow ScheduleRow(LogAccess access, Occurrence occurrence, LockedMission mission)
    {
        var fields = new List<ChangedField>();
        AddNextRunAt(fields, mission, occurrence);
        var stamp = fields.Count > 0 ? fields[0].Time : "";
        return new OwnRow(
            occurrence.ScheduleChangeId(stamp),
            fields,
            ChangeActor.OfSchedule(access.Shape.Generation)
        );
    }

    private void AddNextRunAt(List<ChangedField> fields, LockedMission mission, Occurrence occurrence)
    {
        if (!options.IsScheduleAdvanced)
        {
            return;
        }

        var own = LockedSchedule.Of(mission, occurrence.DueAt, schedule);
        if (own.Cadence is Cadence.Unreadable unreadable)
        {
            Log.UnreadableCadence(logger, occurrence.Mission.ToString(), unreadable.Reason);
        }

        var json = own.NextRunAtJson(mission.Now, schedule);
        fields.Add(Field(mission, "nextRunAt", Encoding.UTF8.GetBytes(json)));
    }

    /// <summary>An occurrence that comes late is made up for once, and the ledger says for how many it stands.</summary>
    private int CountMissed(Claim claim, LockedMission mission)
    {
        var own = LockedSchedule.Of(mission, claim.Occurrence.DueAt, schedule);
        var missed = MissedRule.CountMissed(own.Cadence, own.Zone, claim, schedule);
        if (missed > 0)
        {
            Log.Missed(logger, claim.Mission.ToString(), claim.Occurrence.DueAt, missed);
        }

        return missed;
    }

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

    /// <summary>The log already holds this iteration's row: the run ends as that row says.</summary>
    private async Task<WriteBackResult> CloseAsWrittenAsync(
        LogAccess access,
        Claim claim,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var word = await WrittenRow.FindVerdictAsync(
            transaction,
            access,
            claim.Occurrence,
            cancellationToken
        );
        // Without a row of this user's under the id there is no iteration, and the ledger must not tell of one.
        await using var close = transaction
            .Command(Sql.Get("CloseRun"))
            .Add("run", claim.RunId)
            .Add("epoch", claim.Epoch)
            .Add("node", node.Value)
            .Add("verdict", word ?? "skipped")
            .Add("reason", word is null or "failed" ? "collision" : (string?)null)
            .Add("detail", "a row with this occurrence's id was already in the change log")
            .Add("has_plan", word is "planned" or "empty")
            .Add("missed", 0)
            .Add("iteration_id", word is null ? (Guid?)null : claim.Occurrence.IterationId);
        var closed = await close.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return closed == 1 ? WriteBackResult.Written : WriteBackResult.ClaimLost;
    }

    private void Report(Claim claim, Verdict verdict, WriteBackResult result)
    {
        var (mission, dueAt) = (claim.Mission.ToString(), claim.Occurrence.DueAt);
        switch (result)
        {
            case WriteBackResult.ClaimLost:
                metrics.StaleWritesRefused.Add(1);
                Log.ClaimLost(logger, mission, dueAt, claim.Epoch);
                break;
            case WriteBackResult.Superseded:
                metrics.StaleWritesRefused.Add(1);
                metrics.CountVerdict("superseded", "");
                Log.RunClosed(logger, mission, dueAt, claim.Epoch, "superseded", "");
                break;
            default:
                var reason = verdict switch
                {
                    Verdict.Failed failed => failed.Reason.Word(),
                    Verdict.Skipped skipped => skipped.Reason,
                    _ => "",
                };
                metrics.CountVerdict(verdict.Word, reason);
                Log.RunClosed(logger, mission, dueAt, claim.Epoch, verdict.Word, reason);
                break;
        }
    }
}
