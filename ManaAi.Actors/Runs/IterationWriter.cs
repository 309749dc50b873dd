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
                    is {
                        SqlState: PostgresErrorCodes.UniqueViolation,
                        TableName: "sync_changes" or null
                    }
            )
        {
            return await CloseAsWrittenAsync(access, claim, cancellationToken);
        }
    }

    /// <summary>
    /// Moves the schedule of a mission that is due at an instant which already has its verdict. Whatever changed
    /// meanwhile wins: then nothing is written.
    /// </summary>
    public async Task MoveOnAsync(LogAccess access, Occurrence occurrence, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var mission = await LockedMission.TakeAsync(
            transaction,
            access,
            occurrence.Mission,
            default(RunReference) with
            {
                Owner = node.Value,
            },
            cancellationToken
        );
        if (mission is null || !IsStillDue(mission, occurrence))
        {
            return;
        }

        var row = ScheduleRow(access, occurrence, mission);
        await using var batch = transaction.Batch();
        AddRow(batch, access, occurrence.Mission, mission, row);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Log.ScheduleRepaired(logger, occurrence.Mission.ToString(), occurrence.DueAt);
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
        AddClose(batch, reference, claim.Occurrence, isDue ? verdict : null, verdict);
        batch.Then(Sql.Get("WakeUser")).Add("user", claim.Mission.UserId.Value).Add("run", claim.RunId);
        if (isDue)
        {
            var row = verdict is Verdict.Skipped
                ? ScheduleRow(access, claim.Occurrence, mission)
                : IterationRow(access, claim, agent, verdict, mission);
            if (row.Fields.Count > 0)
            {
                AddRow(batch, access, claim.Mission, mission, row);
            }
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return isDue ? WriteBackResult.Written : WriteBackResult.Superseded;
    }

    /// <summary>Active, not deleted, still this instant, nothing in the way, and no device under way.</summary>
    private static bool IsStillDue(LockedMission mission, Occurrence occurrence)
    {
        var state = mission.Projection.MissionState();
        return state is { State: "active", IsDeleted: false, Obstacle: null }
            && state.NextRunAt == occurrence.DueAt
            && !(state.RunningUntil > mission.Now);
    }

    private static void AddClose(
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
        batch
            .Then(Sql.Get("CloseRun"))
            .Add("run", run.RunId)
            .Add("epoch", run.Epoch)
            .Add("node", run.Owner)
            .Add("verdict", verdict?.Word ?? "superseded")
            .Add("reason", reason)
            .Add("detail", detail)
            .Add("has_plan", produced is Verdict.Planned)
            .Add("iteration_id", verdict is Verdict.Planned or Verdict.Failed ? occurrence.IterationId : (Guid?)null);
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
        var times = new IterationTimes(IsoText.Milliseconds(claim.ClaimedAt), IsoText.Milliseconds(mission.Now));
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

        var cadenceJson = mission.Projection.Fold["cadence"]!.Value;
        using var document = JsonDocument.Parse(cadenceJson, RecordJson.Options);
        var cadence = CadenceJson.Parse(document.RootElement);
        if (cadence is Cadence.Unreadable unreadable)
        {
            Log.UnreadableCadence(logger, occurrence.Mission.ToString(), unreadable.Reason);
        }

        var zone = ZoneInference.Infer(
            mission.Projection.Fold.Text("timeZone"),
            cadence,
            Instant.FromDateTimeOffset(occurrence.DueAt),
            schedule.DefaultZone
        );
        var next = Schedule.NextRunAt(cadence, zone.Zone, mission.Now, schedule.IntervalMinutesMin);
        // To clear, null is written with its stamp, as a device's own clearing is; leaving it out changes nothing.
        var json = next is { } at ? $"\"{IsoText.Milliseconds(at)}\"" : "null";
        fields.Add(Field(mission, "nextRunAt", Encoding.UTF8.GetBytes(json)));
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

    private static void AddRow(
        NpgsqlBatch batch,
        LogAccess access,
        MissionKey key,
        LockedMission mission,
        OwnRow row
    )
    {
        var before = mission.Projection.Position;
        mission.Projection.Fold.Apply(
            new Change(new ChangePosition(mission.Now, row.Id), ChangeOp.Update, row.Fields, null)
        );
        batch.Then(Sql.Get("TakeWrittenAt")).Add("position_at", before.CreatedAt);
        AddProjection(batch, key, mission, row);
        AddFolded(batch, mission.Read);
        batch
            .Then(Sql.Get("RecordOwnChange"))
            .Add("id", row.Id)
            .Add("user", key.UserId.Value)
            .Add("record", key.MissionId.Value);

        access.BecomeUser(batch, key.UserId);
        var insert = batch
            .Then(access.Shape.Statement("InsertIteration"))
            .Add("id", row.Id)
            .Add("user", key.UserId.Value)
            .Add("record", key.MissionId.Value);
        AddJson(insert, "data", row.Data());
        AddJson(insert, "stamps", row.Stamps());
        AddJson(insert, "actor", row.Actor.Json);
        if (access.Shape.HasOrigin)
        {
            insert.Add("origin", row.Actor.Origin);
        }

        if (access.Shape.HasSpaceId)
        {
            insert.Parameters.Add(
                new NpgsqlParameter("space", NpgsqlTypes.NpgsqlDbType.Text)
                {
                    Value = (object?)mission.Projection.Fold.Text("spaceId") ?? DBNull.Value,
                }
            );
        }
    }

    private static void AddProjection(NpgsqlBatch batch, MissionKey key, LockedMission mission, OwnRow row)
    {
        var projected = mission.Projection.ToRecord();
        var state = projected.Mission!;
        batch
            .Then(Sql.Get("SaveWrittenMission"))
            .Add("user", key.UserId.Value)
            .Add("record", key.MissionId.Value)
            .Add("json", Encoding.UTF8.GetString(projected.Stored.Record!.Value.Span))
            .Add("times", Encoding.UTF8.GetString(projected.Stored.FieldTimes!.Value.Span))
            .Add("state", state.State)
            .Add("next_run_at", state.NextRunAt)
            .Add("agent", state.AgentId)
            .Add("deleted", state.IsDeleted)
            .Add("obstacle", state.Obstacle)
            .Add("running_until", state.RunningUntil)
            .Add("writes_iterations", row.Fields.Any(field => field.Name == "iterations"))
            .Add("iterations_at", projected.Stored.IterationsAt)
            .Add("newer_schema", projected.Stored.NewerSchema)
            .Add("position_id", row.Id);
    }

    private static void AddFolded(NpgsqlBatch batch, IReadOnlyList<ChangeRow> rows)
    {
        if (rows.Count > 0)
        {
            batch
                .Then(Sql.Get("RecordFolded"))
                .Add("ids", rows.Select(row => row.Position.Id).ToArray())
                .Add("users", rows.Select(row => row.Key.UserId).ToArray())
                .Add("tables", rows.Select(row => row.Key.TableName).ToArray())
                .Add("records", rows.Select(row => row.Key.RecordId).ToArray())
                .Add("xids", rows.Select(row => row.Xid).ToArray());
        }
    }

    private static void AddJson(NpgsqlBatchCommand command, string name, string json) =>
        command.Parameters.Add(new NpgsqlParameter(name, NpgsqlTypes.NpgsqlDbType.Jsonb) { Value = json });

    /// <summary>The log already holds this iteration's row: the run ends as that row says.</summary>
    private async Task<WriteBackResult> CloseAsWrittenAsync(
        LogAccess access,
        Claim claim,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var word = await FindWrittenAsync(transaction, access, claim.Occurrence, cancellationToken);
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
            .Add("iteration_id", word is null ? (Guid?)null : claim.Occurrence.IterationId);
        var closed = await close.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return closed == 1 ? WriteBackResult.Written : WriteBackResult.ClaimLost;
    }

    private static async Task<string?> FindWrittenAsync(
        DatabaseTransaction transaction,
        LogAccess access,
        Occurrence occurrence,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        access.BecomeUser(batch, occurrence.Mission.UserId);
        batch
            .Then(Sql.Get("FindOwnRow"))
            .Add("id", occurrence.ChangeId)
            .Add("user", occurrence.Mission.UserId.Value);
        access.BecomeSelf(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        using var document = JsonDocument.Parse(reader.GetJson(0)!.Value, RecordJson.Options);
        var id = occurrence.IterationId.ToString();
        var written = document
            .RootElement.Array("iterations")
            .Select(MissionReader.ReadIteration)
            .FirstOrDefault(iteration => iteration.Id == id);
        return written?.OverallStatus switch
        {
            null => null,
            "failed" => "failed",
            _ when written.Steps.Count == 0 => "empty",
            _ => "planned",
        };
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

/// <summary>A row of ours for the change log: the fields it writes, each with its stamp.</summary>
internal sealed record OwnRow(Guid Id, IReadOnlyList<ChangedField> Fields, ChangeActor Actor)
{
    public string Data() =>
        "{" + string.Join(",", Fields.Select(field => $"\"{field.Name}\":{Encoding.UTF8.GetString(field.Json.Span)}")) + "}";

    public string Stamps() =>
        JsonSerializer.Serialize(Fields.ToDictionary(field => field.Name, field => field.Time, StringComparer.Ordinal));
}
