using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>Writes rows that only move a schedule: one that was left behind, and the first one of a cron mission.</summary>
/// <remarks>Under the same locks as a write-back, and with everything folded that the log shows.</remarks>
public sealed class ScheduleWriter(
    SyncDatabase database,
    NodeId node,
    OwnRows rows,
    ILogger<ScheduleWriter> logger
)
{
    /// <summary>
    /// Moves the schedule of a mission that is due at an instant which already has its verdict. Whatever changed
    /// meanwhile wins: then nothing is written.
    /// </summary>
    /// <returns>The SQLSTATE with which the log refused it; null where it did not.</returns>
    public async Task<string?> MoveOnAsync(
        LogAccess access,
        Occurrence occurrence,
        CancellationToken cancellationToken
    )
    {
        var move = await MoveScheduleAsync(
            access,
            occurrence,
            mission => mission.IsDueAt(occurrence.DueAt),
            cancellationToken
        );
        if (move.IsMade)
        {
            Log.ScheduleRepaired(logger, occurrence.Mission.ToString(), occurrence.DueAt);
        }

        return move.Refusal;
    }

    /// <summary>Gives a cron mission, which no device schedules, its first nextRunAt.</summary>
    /// <returns>The SQLSTATE with which the log refused it; null where it did not.</returns>
    public async Task<string?> ScheduleFirstAsync(
        LogAccess access,
        MissionKey mission,
        CancellationToken cancellationToken
    )
    {
        // There is no occurrence yet: the row's id is that of a schedule from nothing, and of its stamp.
        var move = await MoveScheduleAsync(
            access,
            new Occurrence(mission, DateTimeOffset.UnixEpoch),
            locked => locked.Projection.MissionState().NeedsSchedule,
            cancellationToken
        );
        if (move.IsMade)
        {
            Log.FirstScheduled(logger, mission.ToString());
        }

        return move.Refusal;
    }

    /// <summary>One row that the log does not take must not keep the tick from everything else.</summary>
    private async Task<Move> MoveScheduleAsync(
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
            return new Move(IsMade: false, exception.SqlState);
        }
    }

    private async Task<Move> MoveScheduleOnceAsync(
        LogAccess access,
        Occurrence occurrence,
        Func<LockedMission, bool> isWanted,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var unclaimed = new RunReference(RunId: 0, Epoch: 0, node.Value);
        var taken = await rows.TakeAsync(
            transaction,
            access,
            [(occurrence.Mission, unclaimed)],
            waits: true,
            cancellationToken
        );
        if (taken[0] is not { } mission || !isWanted(mission))
        {
            return new Move(IsMade: false, Refusal: null);
        }

        var row = rows.Schedule(access, occurrence, mission, rows.ScheduleOf(mission, occurrence));
        await using var batch = transaction.Batch();
        OwnRow.AddTo(batch, access, [row]);
        await transaction.CommitAsync(batch, cancellationToken);
        return new Move(IsMade: true, Refusal: null);
    }

    /// <param name="Refusal">The SQLSTATE with which the log refused the row.</param>
    private readonly record struct Move(bool IsMade, string? Refusal);
}
