using ManaAi.Actors.Agents;
using ManaAi.Actors.Database;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>
/// Closes a run and writes what came of it into the change log, in one transaction, as the mission's user. What is to be
/// written while others are on their way goes with them, several in one transaction.
/// </summary>
/// <remarks>
/// The guards are looked at under the locks of user, mission and run, on a record with everything folded that the log
/// shows: epoch and owner still ours, the mission still due at this instant, no device under way. What may race is
/// another node's claim (the epoch ends it) and a device's edit (folded before, or ordered after by its own stamp).
/// When the process dies here, nothing has happened; when only the acknowledgement of COMMIT is lost, the run is
/// closed, and whoever looks sees that.
/// </remarks>
public sealed class IterationWriter
{
    /// <summary>
    /// Few, since the rows of a transaction become visible at its end, and a device that pulls between a row's created_at
    /// and then never sees it.
    /// </summary>
    private const int GroupMax = 4;

    /// <summary>What is larger keeps nobody waiting: it goes alone.</summary>
    private const int RecordBytesTogetherMax = 64 * 1024;

    private readonly SyncDatabase _database;
    private readonly NodeId _node;
    private readonly Metrics _metrics;
    private readonly ILogger<IterationWriter> _logger;
    private readonly WriteBacks _writeBacks;
    private readonly Together<AskedWrite, WriteBackEnd?> _together;

    /// <param name="atOnce">How many transactions are on their way before others wait, and go together.</param>
    public IterationWriter(
        SyncDatabase database,
        NodeId node,
        OwnRows rows,
        ScheduleOptions schedule,
        Metrics metrics,
        ILogger<IterationWriter> logger,
        int atOnce = 2
    )
    {
        (_database, _node, _metrics, _logger) = (database, node, metrics, logger);
        _writeBacks = new WriteBacks(database, node, rows, schedule);
        _together = new(
            atOnce,
            GroupMax,
            (asked, cancellationToken) => WriteOneAsync(asked, waits: false, cancellationToken),
            asked => _writeBacks.WriteAsync(asked, waits: false, CancellationToken.None)
        );
    }

    public async Task<WriteBackResult> WriteAsync(
        LogAccess access,
        Claim claim,
        Agent? agent,
        Verdict verdict,
        CancellationToken cancellationToken
    )
    {
        using var span = Traces.WriteBack(claim);
        var asked = new AskedWrite(access, claim, agent, verdict);
        var end =
            claim.MissionRecord.Length > RecordBytesTogetherMax
                ? null
                : await _together.AskAsync(asked, cancellationToken);
        // Who waits for a lock does it where nobody waits for him.
        end ??= await WriteOneAsync(asked, waits: true, cancellationToken) ?? WriteBackEnd.ClaimLost(asked);
        Report(claim, end);
        return end.Result;
    }

    private async Task<WriteBackEnd?> WriteOneAsync(
        AskedWrite asked,
        bool waits,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return (await _writeBacks.WriteAsync([asked], waits, cancellationToken))[0];
        }
        catch (PostgresException exception)
            when (exception
                    is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "sync_changes" or null }
            )
        {
            return await CloseAsWrittenAsync(asked.Access, asked.Claim, cancellationToken);
        }
    }

    /// <summary>The log already holds this iteration's row: the run ends as that row says.</summary>
    private async Task<WriteBackEnd> CloseAsWrittenAsync(
        LogAccess access,
        Claim claim,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await _database.BeginAsync(cancellationToken);
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
        await using var close = transaction.Command(Sql.Get("CloseRuns"));
        RunClosing.AddTo(close.Parameters, _node, [(claim, closing)]);
        var isClosed = await close.ExecuteNonQueryAsync(cancellationToken) == 1;
        await transaction.CommitAsync(cancellationToken);
        return new WriteBackEnd(
            isClosed ? WriteBackResult.Written : WriteBackResult.ClaimLost,
            closing,
            WrittenAt: null
        );
    }

    private void Report(Claim claim, WriteBackEnd end)
    {
        var (result, closing) = (end.Result, end.Closing);
        Traces.WrittenBack(closing, result);
        var (mission, dueAt) = (claim.Mission.ToString(), claim.Occurrence.DueAt);
        if (result == WriteBackResult.ClaimLost)
        {
            _metrics.StaleWritesRefused.Add(1);
            Log.ClaimLost(_logger, mission, dueAt, claim.Epoch);
            return;
        }

        if (result == WriteBackResult.Superseded)
        {
            _metrics.StaleWritesRefused.Add(1);
        }

        if (closing.Missed > 0)
        {
            Log.Missed(_logger, mission, dueAt, claim.Epoch, closing.Missed);
        }

        if (closing.Reason == SkipRule.TooLargeWord)
        {
            // Its user can be told nothing, since that too would be an iteration; the operator is.
            Log.TooLarge(_logger, mission, dueAt, claim.Epoch, closing.Detail ?? "");
        }

        _metrics.CountVerdict(closing.Verdict, closing.Reason ?? "");
        Log.RunClosed(_logger, mission, dueAt, claim.Epoch, closing.Verdict, closing.Reason ?? "");
        if (end.WrittenAt is { } writtenAt)
        {
            _metrics.DueToWritten.Record((writtenAt - claim.Occurrence.DueAt).TotalSeconds);
        }
    }
}
