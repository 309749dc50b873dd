using ManaAi.Actors.Agents;
using ManaAi.Actors.Database;
using Microsoft.Extensions.Logging;
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
    OwnRows rows,
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
        using var span = Traces.WriteBack(claim);
        var reference = new RunReference(claim.RunId, claim.Epoch, node.Value);
        try
        {
            return await WriteOnceAsync(access, claim, reference, agent, verdict, cancellationToken);
        }
        catch (PostgresException exception)
            when (exception
                    is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "sync_changes" or null }
            )
        {
            return await CloseAsWrittenAsync(access, claim, cancellationToken);
        }
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
        var mission = await rows.TakeAsync(transaction, access, claim.Mission, reference, cancellationToken);
        if (mission is not { IsClaimMine: true })
        {
            Report(claim, RunClosing.Of(claim, verdict, hasPlan: false), WriteBackResult.ClaimLost);
            return WriteBackResult.ClaimLost;
        }

        var isDue = claim.IsManual ? mission.IsRunnable : mission.IsDueAt(claim.Occurrence.DueAt);
        var closing = RunClosing.Of(claim, isDue ? verdict : null, hasPlan: verdict is Verdict.Planned);
        await using var batch = transaction.Batch();
        OwnRow? row = null;
        var written = WriteBackResult.Written;
        if (isDue)
        {
            var own = rows.ScheduleOf(mission, claim.Occurrence);
            closing = closing with
            {
                Missed = verdict is Verdict.Planned ? CountMissed(claim, own) : 0,
                Periods =
                    verdict is Verdict.Failed
                        ? await SlowdownAsync(transaction, claim, mission, cancellationToken)
                        : 1,
            };
            if (verdict is not Verdict.Skipped)
            {
                row = rows.Iteration(access, claim, agent, verdict, mission, own, closing.Periods);
                if (row is null)
                {
                    written = WriteBackResult.TooLarge;
                    var earlier = mission.Projection.Fold["iterations"]?.Length ?? 0;
                    closing = RunClosing.Of(claim, SkipRule.TooLarge(earlier), closing.HasPlan);
                }
            }

            if (row is null && !mission.IsScheduleKeptBy(claim))
            {
                row = rows.Schedule(access, claim.Occurrence, mission, own);
            }
        }

        closing.AddTo(batch.Then(Sql.Get("CloseRun")).Parameters, reference);
        batch.Then(Sql.Get("WakeUser")).Add("user", claim.Mission.UserId.Value).Add("run", claim.RunId);
        if (row is { Fields.Count: > 0 })
        {
            row.AddTo(batch, access, claim.Mission, mission);
        }

        await transaction.CommitAsync(batch, cancellationToken);
        if (!isDue)
        {
            Report(claim, closing, WriteBackResult.Superseded);
            return WriteBackResult.Superseded;
        }

        Report(claim, closing, written);
        metrics.DueToWritten.Record((mission.Now - claim.Occurrence.DueAt).TotalSeconds);
        return written;
    }

    /// <summary>An occurrence that comes late is made up for once, and the ledger says for how many it stands.</summary>
    private int CountMissed(Claim claim, LockedSchedule own)
    {
        var missed = MissedRule.CountMissed(own.Cadence, own.Zone, claim, schedule);
        if (missed > 0)
        {
            Log.Missed(logger, claim.Mission.ToString(), claim.Occurrence.DueAt, claim.Epoch, missed);
        }

        return missed;
    }

    /// <summary>For how many periods the mission rests after this failure.</summary>
    private static async Task<int> SlowdownAsync(
        DatabaseTransaction transaction,
        Claim claim,
        LockedMission mission,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("CountFailures"))
            .Add("user", claim.Mission.UserId.Value)
            .Add("mission", claim.Mission.MissionId.Value)
            .Add("edited_at", Slowdown.EditedAt(mission.Projection.Fold, mission.Now));
        var before = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        return Slowdown.Periods(before + 1);
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
        var closing = new RunClosing(
            word ?? "skipped",
            word is null or "failed" ? "collision" : null,
            "a row with this occurrence's id was already in the change log",
            word is "planned" or "empty",
            word is null ? null : claim.Occurrence.IterationId
        );
        await using var close = transaction.Command(Sql.Get("CloseRun"));
        closing.AddTo(close.Parameters, new RunReference(claim.RunId, claim.Epoch, node.Value));
        var isClosed = await close.ExecuteNonQueryAsync(cancellationToken) == 1;
        await transaction.CommitAsync(cancellationToken);
        Report(claim, closing, isClosed ? WriteBackResult.Written : WriteBackResult.ClaimLost);
        return isClosed ? WriteBackResult.Written : WriteBackResult.ClaimLost;
    }

    private void Report(Claim claim, RunClosing closing, WriteBackResult result)
    {
        Traces.WrittenBack(closing, result);
        var (mission, dueAt) = (claim.Mission.ToString(), claim.Occurrence.DueAt);
        if (result == WriteBackResult.ClaimLost)
        {
            metrics.StaleWritesRefused.Add(1);
            Log.ClaimLost(logger, mission, dueAt, claim.Epoch);
            return;
        }

        if (result == WriteBackResult.Superseded)
        {
            metrics.StaleWritesRefused.Add(1);
        }

        if (closing.Reason == SkipRule.TooLargeWord)
        {
            // Its user can be told nothing, since that too would be an iteration; the operator is.
            Log.TooLarge(logger, mission, dueAt, claim.Epoch, closing.Detail ?? "");
        }

        metrics.CountVerdict(closing.Verdict, closing.Reason ?? "");
        Log.RunClosed(logger, mission, dueAt, claim.Epoch, closing.Verdict, closing.Reason ?? "");
    }
}
