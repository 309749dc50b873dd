using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Runs;

/// <summary>
/// A mission under its lock, with everything folded that is visible in the log: what a write-back decides on.
/// </summary>
/// <param name="Read">Rows folded here that the projection did not have; they are noted as folded.</param>
/// <param name="Now">The database's clock, after the locks.</param>
/// <param name="IsClaimMine">Whether the run is still open under the claim's epoch and owner.</param>
internal sealed record LockedMission(
    RecordProjection Projection,
    IReadOnlyList<ChangeRow> Read,
    DateTimeOffset Now,
    bool IsClaimMine
)
{
    /// <summary>May be run, and is due at this instant.</summary>
    public bool IsDueAt(DateTimeOffset dueAt) => IsRunnable && Projection.MissionState().NextRunAt == dueAt;

    /// <summary>Active, not deleted, nothing in the way, and no device under way.</summary>
    public bool IsRunnable =>
        Projection.MissionState() is { State: "active", IsDeleted: false, Obstacle: null } state
        && !(state.RunningUntil > Now);

    /// <summary>A run that an operator asked for leaves a date that is still to come where it is.</summary>
    public bool IsScheduleKeptBy(Claim claim) =>
        claim.IsManual && !(Projection.MissionState().NextRunAt <= Now);

    /// <summary>
    /// Locks user, mission and run, in the order that holds everywhere, and folds what is newer in the log. The log is
    /// read as the user, so that no row of another can get in.
    /// </summary>
    /// <returns>null where the projection has no such mission.</returns>
    public static async Task<LockedMission?> TakeAsync(
        DatabaseTransaction transaction,
        LogAccess access,
        MissionKey key,
        RunReference run,
        TimeSpan sweepWindow,
        CancellationToken cancellationToken
    )
    {
        var (user, record) = (key.UserId.Value, key.MissionId.Value);
        await using var batch = transaction.Batch();
        batch.Then(Sql.Get("LockUser")).Add("user", user);
        batch.Then(Sql.Get("LockMission")).Add("user", user).Add("record", record);
        batch
            .Then(Sql.Get("FoldedOfRecord"))
            .Add("user", user)
            .Add("record", record)
            .Add("window", sweepWindow);
        batch.Then(Sql.Get("LockRun")).Add("run", run.RunId).Add("epoch", run.Epoch).Add("node", run.Owner);
        access.BecomeUser(batch, key.UserId);
        batch.Then(access.Shape.Statement("ReadRecordSince")).Add("user", user).Add("record", record);
        access.BecomeSelf(batch);
        batch.Then(Sql.Get("DatabaseClock"));

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken); // Past the user's lock.
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var stored = ProjectionStore.Read(reader, RecordKey.MissionsTable);
        await reader.NextResultAsync(cancellationToken);
        var (sweepXmin, folded) = await reader.ReadAsync(cancellationToken)
            ? (
                long.Parse(reader.GetString(0), System.Globalization.CultureInfo.InvariantCulture),
                reader.GetFieldValue<Guid[]>(1).ToHashSet()
            )
            : (3, []);
        await reader.NextResultAsync(cancellationToken);
        var isClaimMine = await reader.ReadAsync(cancellationToken) && reader.GetBoolean(0);
        await reader.NextResultAsync(cancellationToken); // Past the setting of the user.
        await reader.NextResultAsync(cancellationToken);
        var fresh = new List<ChangeRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = ChangeRowReader.Read(reader, 0);
            if (!folded.Contains(row.Position.Id))
            {
                fresh.Add(row);
            }
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var now = reader.GetInstant(0);
        await reader.DisposeAsync();

        if (fresh.Count > 0 && fresh[0].Position <= stored.Position)
        {
            var read = new List<ChangeRow>();
            var whole = await ReadWholeAsync(transaction, access, key, sweepXmin, read, cancellationToken);
            return new LockedMission(whole, read, now, isClaimMine);
        }

        var projection = new RecordProjection(access.Shape.Generation, stored);
        foreach (var row in fresh)
        {
            projection.Add(row);
        }

        return new LockedMission(projection, fresh, now, isClaimMine);
    }

    /// <summary>A row behind the last folded one: the record from nothing, still as the user.</summary>
    private static async Task<RecordProjection> ReadWholeAsync(
        DatabaseTransaction transaction,
        LogAccess access,
        MissionKey key,
        long sweepXmin,
        List<ChangeRow> read,
        CancellationToken cancellationToken
    )
    {
        await using (var become = transaction.Batch())
        {
            access.BecomeUser(become, key.UserId);
            await become.ExecuteNonQueryAsync(cancellationToken);
        }

        var recordKey = new RecordKey(
            key.UserId.Value,
            RecordKey.App,
            RecordKey.MissionsTable,
            key.MissionId.Value
        );
        var projection = await RecordReader.ProjectAsync(
            transaction,
            access.Shape,
            recordKey,
            sweepXmin,
            read,
            cancellationToken
        );
        await using var back = transaction.Batch();
        access.BecomeSelf(back);
        if (back.BatchCommands.Count > 0)
        {
            await back.ExecuteNonQueryAsync(cancellationToken);
        }

        return projection;
    }
}

/// <summary>A row of the ledger under a claim, or as it was found closed.</summary>
internal readonly record struct RunReference(long RunId, long Epoch, string Owner);
