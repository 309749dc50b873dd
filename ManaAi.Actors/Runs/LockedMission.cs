using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Runs;

/// <summary>
/// A mission under its lock, with everything folded that is visible in the log: what a write-back decides on.
/// </summary>
/// <param name="Read">Rows folded here that the projection did not have; they are noted as folded.</param>
/// <param name="Now">The database's clock, after the locks.</param>
/// <param name="IsClaimMine">Whether the run is still open under the claim's epoch and owner.</param>
internal sealed record LockedMission(
    MissionKey Key,
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
}

/// <summary>A row of the ledger under a claim, or as it was found closed.</summary>
internal readonly record struct RunReference(long RunId, long Epoch, string Owner);
