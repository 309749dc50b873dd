using ManaAi.Actors.Agents;
using ManaAi.Actors.Database;

namespace ManaAi.Actors.Runs;

/// <summary>What came of a claimed run, and is to be written.</summary>
internal sealed record AskedWrite(LogAccess Access, Claim Claim, Agent? Agent, Verdict Verdict);

/// <summary>How a write-back ended.</summary>
/// <param name="Closing">What the ledger has of it; where the claim is lost, what it would have.</param>
/// <param name="WrittenAt">The database's clock, where the verdict stands.</param>
internal sealed record WriteBackEnd(WriteBackResult Result, RunClosing Closing, DateTimeOffset? WrittenAt)
{
    public static WriteBackEnd ClaimLost(AskedWrite asked) =>
        new(
            WriteBackResult.ClaimLost,
            RunClosing.Of(asked.Claim, asked.Verdict, hasPlan: false),
            WrittenAt: null
        );
}

/// <summary>Decides what of each run's outcome may be written, and writes it: one or several in one transaction.</summary>
internal sealed class WriteBacks(SyncDatabase database, NodeId node, OwnRows rows, ScheduleOptions schedule)
{
    /// <param name="waits">Whether for what somebody else has locked.</param>
    /// <returns>How each ended; null where <see cref="MissionLocks"/> gave no mission.</returns>
    public async Task<IReadOnlyList<WriteBackEnd?>> WriteAsync(
        IReadOnlyList<AskedWrite> asked,
        bool waits,
        CancellationToken cancellationToken
    )
    {
        // The log's shape may have been read anew between two of them.
        var access = asked[0].Access;
        await using var transaction = await database.BeginAsync(cancellationToken);
        var missions = await rows.TakeAsync(
            transaction,
            access,
            [.. asked.Select(one => (one.Claim.Mission, Reference(one.Claim)))],
            waits,
            cancellationToken
        );
        var decisions = new List<Decision?>();
        foreach (var (one, mission) in asked.Zip(missions))
        {
            decisions.Add(
                mission is not null && one.Access == access
                    ? await DecideAsync(transaction, one, mission, cancellationToken)
                    : null
            );
        }

        await ApplyAsync(transaction, access, decisions, cancellationToken);
        return [.. decisions.Select(decision => decision?.End)];
    }

    private RunReference Reference(Claim claim) => new(claim.RunId, claim.Epoch, node.Value);

    private async Task<Decision> DecideAsync(
        DatabaseTransaction transaction,
        AskedWrite asked,
        LockedMission mission,
        CancellationToken cancellationToken
    )
    {
        if (!mission.IsClaimMine)
        {
            return new Decision(asked, WriteBackEnd.ClaimLost(asked), Row: null);
        }

        var (claim, verdict) = (asked.Claim, asked.Verdict);
        var isDue = claim.IsManual ? mission.IsRunnable : mission.IsDueAt(claim.Occurrence.DueAt);
        var hasPlan = verdict is Verdict.Planned;
        if (!isDue)
        {
            var superseded = RunClosing.Of(claim, verdict: null, hasPlan);
            return new Decision(
                asked,
                new(WriteBackResult.Superseded, superseded, WrittenAt: null),
                Row: null
            );
        }

        var own = rows.ScheduleOf(mission, claim.Occurrence);
        var closing = RunClosing.Of(claim, verdict, hasPlan) with
        {
            // An occurrence that comes late is made up for once, and the ledger says for how many it stands.
            Missed = hasPlan ? MissedRule.CountMissed(own.Cadence, own.Zone, claim, schedule) : 0,
            Periods =
                verdict is Verdict.Failed
                    ? await SlowdownAsync(transaction, claim, mission, cancellationToken)
                    : 1,
        };
        var result = WriteBackResult.Written;
        OwnRow? row = null;
        if (verdict is not Verdict.Skipped)
        {
            row = rows.Iteration(asked.Access, claim, asked.Agent, verdict, mission, own, closing.Periods);
            if (row is null)
            {
                result = WriteBackResult.TooLarge;
                var earlier = mission.Projection.Fold["iterations"]?.Length ?? 0;
                closing = RunClosing.Of(claim, SkipRule.TooLarge(earlier), hasPlan);
            }
        }

        if (row is null && !mission.IsScheduleKeptBy(claim))
        {
            row = rows.Schedule(asked.Access, claim.Occurrence, mission, own);
        }

        return new Decision(asked, new(result, closing, mission.Now), row);
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

    private async Task ApplyAsync(
        DatabaseTransaction transaction,
        LogAccess access,
        IReadOnlyList<Decision?> decisions,
        CancellationToken cancellationToken
    )
    {
        var ours = decisions
            .OfType<Decision>()
            .Where(decision => decision.End.Result != WriteBackResult.ClaimLost)
            .ToArray();
        if (ours.Length == 0)
        {
            return;
        }

        await using var batch = transaction.Batch();
        RunClosing.AddTo(
            batch.Then(Sql.Get("CloseRuns")).Parameters,
            node,
            [.. ours.Select(decision => (decision.Asked.Claim, decision.End.Closing))]
        );
        batch
            .Then(Sql.Get("WakeUsers"))
            .Add("users", ours.Select(decision => decision.Asked.Claim.Mission.UserId.Value).ToArray());
        OwnRow.AddTo(
            batch,
            access,
            [.. ours.Select(decision => decision.Row).OfType<OwnRow>().Where(row => row.Fields.Count > 0)]
        );
        await transaction.CommitAsync(batch, cancellationToken);
    }

    /// <param name="Row">What goes into the log; null for nothing.</param>
    private sealed record Decision(AskedWrite Asked, WriteBackEnd End, OwnRow? Row);
}
