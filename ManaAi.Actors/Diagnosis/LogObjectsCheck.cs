using ManaAi.Actors.Database;

namespace ManaAi.Actors.Diagnosis;

/// <summary>What should be on mana-sync's table for the service's sake. Without it all is slower and right.</summary>
internal static class LogObjectsCheck
{
    private const string MakeTrigger =
        "run docker/postgres/roles.sql with -v wakeup_trigger=1 as a superuser";

    public static async Task<Symptom> IndexAsync(SyncDatabase database, CancellationToken cancellationToken)
    {
        var state = await LogIndex.LookAsync(database, cancellationToken);
        if (state.IsThere)
        {
            return Symptom.Well(Checks.LogIndex, "A tick reads only what is new.");
        }

        if (state.IsBeingBuilt)
        {
            return Symptom.Well(
                Checks.LogIndex,
                "It is being built just now, by the service or an operator."
            );
        }

        return Symptom.Warning(
            Checks.LogIndex,
            state.IsBroken
                ? "A build of the index mana_ai_log_created_at failed and left it INVALID: each tick reads more than it must."
                : "The change log has no index for reading what is new: each tick reads more than it must.",
            $"run docker/postgres/roles.sql with -v log_index=1 as a superuser, or as the table's owner: {LogIndex.Statement}"
        );
    }

    /// <param name="isWanted">MANAGE_WAKEUP_TRIGGER: then it is missed where it is not there.</param>
    public static async Task<Symptom> TriggerAsync(
        SyncDatabase database,
        bool isWanted,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var (isThere, _) = await WakeUpTrigger.LookAsync(transaction, cancellationToken);
        if (!isThere)
        {
            return isWanted
                ? Symptom.Warning(
                    Checks.WakeUpTrigger,
                    "MANAGE_WAKEUP_TRIGGER is true, and the trigger is not there or not enabled: what devices make due "
                        + "waits for a tick.",
                    MakeTrigger
                )
                : Symptom.Well(Checks.WakeUpTrigger, "Not there, and not asked for: ticks find what is due.");
        }

        await using var command = transaction.Command(Sql.Get("WakeUpBody"));
        var body = await command.ExecuteScalarAsync(cancellationToken) as string;
        return body is not null && WakeUpTrigger.IsOwnBody(body)
            ? Symptom.Well(Checks.WakeUpTrigger, "What devices make due wakes the service.")
            : Symptom.Warning(
                Checks.WakeUpTrigger,
                "What it does is not what this version's does.",
                MakeTrigger
            );
    }
}
