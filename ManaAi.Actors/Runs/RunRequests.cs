using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Runs;

/// <summary>
/// What operators ask of runs: one now, one again, or none. Only rows are changed here; whoever claims next sees them.
/// </summary>
public sealed class RunRequests(SyncDatabase database, Metrics metrics, ILogger<RunRequests> logger)
{
    /// <summary>
    /// Opens an occurrence that is due at once. Where one is open already, that one has its turn first: a double click is
    /// one run.
    /// </summary>
    public Task<RunRequestResult> RunNowAsync(MissionKey mission, CancellationToken cancellationToken) =>
        OpenAsync(mission, retryOf: null, cancellationToken);

    /// <summary>Runs the mission of a failed occurrence once more.</summary>
    public async Task<RunRequestResult> RetryAsync(long runId, CancellationToken cancellationToken)
    {
        MissionKey mission;
        string? verdict;
        await using (var transaction = await database.BeginAsync(cancellationToken))
        {
            await using var find = transaction.Command(Sql.Get("FindRunToRepeat")).Add("run", runId);
            await using var reader = await find.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
            {
                return new RunRequestResult.NotFound("There is no run with this id.");
            }

            mission = new MissionKey(new UserId(reader.GetString(0)), new MissionId(reader.GetString(1)));
            verdict = reader.GetText(2);
        }

        return verdict == "failed"
            ? await OpenAsync(mission, runId, cancellationToken)
            : new RunRequestResult.Refused(
                $"Only a failed run can be repeated; this one is {verdict ?? "open"}."
            );
    }

    /// <summary>Ends an open run unplanned; its schedule moves on with the next tick.</summary>
    public async Task<RunRequestResult> CancelAsync(
        long runId,
        string reason,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var find = transaction.Command(Sql.Get("FindRunToRepeat")).Add("run", runId);
        string user;
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                return new RunRequestResult.NotFound("There is no run with this id.");
            }

            user = reader.GetString(0);
        }

        await QueueAsync(transaction, user, cancellationToken);
        await using var cancel = transaction
            .Command(Sql.Get("CancelRun"))
            .Add("run", runId)
            .Add("detail", reason);
        (Occurrence Occurrence, long Epoch)? cancelled = null;
        await using (var reader = await cancel.ExecuteReaderAsync(cancellationToken))
        {
            if (await reader.ReadAsync(cancellationToken))
            {
                var mission = new MissionKey(
                    new UserId(reader.GetString(0)),
                    new MissionId(reader.GetString(1))
                );
                cancelled = (new Occurrence(mission, reader.GetInstant(2)), reader.GetInt64(3));
            }
        }

        await transaction.CommitAsync(cancellationToken);
        if (cancelled is not { } run)
        {
            return new RunRequestResult.Refused("The run is closed already.");
        }

        metrics.CountVerdict("skipped", "cancelled");
        var (name, dueAt) = (run.Occurrence.Mission.ToString(), run.Occurrence.DueAt);
        Log.RunClosed(logger, name, dueAt, run.Epoch, "skipped", "cancelled");
        return new RunRequestResult.Done(runId, IsNew: false);
    }

    private async Task<RunRequestResult> OpenAsync(
        MissionKey mission,
        long? retryOf,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await QueueAsync(transaction, mission.UserId.Value, cancellationToken);
        var (refusal, open) = await FindAsync(transaction, mission, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        if (open is { } runId && await HurryAsync(transaction, runId, cancellationToken))
        {
            await transaction.CommitAsync(cancellationToken);
            return new RunRequestResult.Done(runId, IsNew: false);
        }

        await using var insert = transaction
            .Command(Sql.Get("OpenManual"))
            .Add("user", mission.UserId.Value)
            .Add("mission", mission.MissionId.Value)
            .Add("retry_of", retryOf);
        if (await insert.ExecuteScalarAsync(cancellationToken) is not long opened)
        {
            return new RunRequestResult.Refused("Another run of this mission was opened at the same moment.");
        }

        await transaction.CommitAsync(cancellationToken);
        return new RunRequestResult.Done(opened, IsNew: true);
    }

    /// <returns>false where it was closed at the same moment, as by a tick whose device has moved nextRunAt.</returns>
    private static async Task<bool> HurryAsync(
        DatabaseTransaction transaction,
        long runId,
        CancellationToken cancellationToken
    )
    {
        await using var hurry = transaction.Command(Sql.Get("HurryRun")).Add("run", runId);
        return await hurry.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static async Task QueueAsync(
        DatabaseTransaction transaction,
        string user,
        CancellationToken cancellationToken
    )
    {
        await using var queue = transaction.Command(Sql.Get("LockOrQueueUser")).Add("user", user);
        await queue.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<(RunRequestResult? Refusal, long? Open)> FindAsync(
        DatabaseTransaction transaction,
        MissionKey mission,
        CancellationToken cancellationToken
    )
    {
        await using var find = transaction
            .Command(Sql.Get("FindRunnable"))
            .Add("user", mission.UserId.Value)
            .Add("mission", mission.MissionId.Value);
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken) || reader.GetBoolean(1))
        {
            return (new RunRequestResult.NotFound("There is no mission with this user and this id."), null);
        }

        if (reader.GetText(2) is { } obstacle)
        {
            return (new RunRequestResult.Refused($"The mission cannot be run here: {obstacle}."), null);
        }

        return reader.GetText(0) == "active"
            ? (null, reader.GetNullable<long>(3))
            : (new RunRequestResult.Refused("The mission is not active."), null);
    }
}

/// <summary>What became of a request.</summary>
public abstract record RunRequestResult
{
    private RunRequestResult() { } // Closed: only the cases below can exist.

    /// <param name="IsNew">False: it was open already.</param>
    public sealed record Done(long RunId, bool IsNew) : RunRequestResult;

    public sealed record NotFound(string Reason) : RunRequestResult;

    public sealed record Refused(string Reason) : RunRequestResult;
}
