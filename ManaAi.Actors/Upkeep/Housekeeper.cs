using ManaAi.Actors.Database;
using ManaAi.Actors.Mailboxes;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Upkeep;

/// <summary>A tick is over.</summary>
public sealed record TickEnded(TickOutcome Outcome);

/// <summary>
/// After a tick, and outside of its time: writes its line of history, and every few minutes deletes what is older than
/// it is kept, a little at a time. What is lost when the process dies, the next pruning does.
/// </summary>
public sealed class Housekeeper(
    SyncDatabase database,
    NodeId node,
    UpkeepOptions options,
    TimeProvider time,
    Metrics metrics,
    ILogger<Housekeeper> logger
) : IActor<TickEnded>, IDisposable
{
    // Any number will do that nobody else in this database takes for a lock.
    internal const long LockKey = 0x6D616E61_61690003;

    // History, not truth: while the database is slow, ticks do not wait for it.
    private const int MailboxCapacity = 64;

    private readonly Mailbox<TickEnded> _mailbox = new(MailboxCapacity, logger);
    private readonly (string Table, string Statement, TimeSpan Keep)[] _kept =
    [
        ("runs", "PruneRuns", options.KeepRuns),
        ("token_usage", "PruneUsage", options.KeepUsage),
        ("events", "PruneEvents", options.KeepEvents),
        ("ticks", "PruneTicks", options.KeepTicks),
    ];

    private long? _prunedAt;

    /// <summary>How many messages wait.</summary>
    public int Depth => _mailbox.Depth;

    public void Start() => _mailbox.Start(this);

    public Task StopAsync(CancellationToken patience) => _mailbox.StopAsync(patience);

    public void TickEnded(TickOutcome outcome) => _mailbox.TryTell(new TickEnded(outcome));

    public async Task HandleAsync(TickEnded message, CancellationToken cancellationToken)
    {
        try
        {
            var isPruning = message.Outcome.Errors.Count == 0 && !(Since(_prunedAt) < options.Interval);
            if (isPruning || message.Outcome is { Rows: > 0 } or { Opened: > 0 } or { Errors.Count: > 0 })
            {
                // With each pruning an idle one too: a quiet night shows that someone looked, and the row's transaction
                // id tells when others were begun.
                await NoteAsync(message.Outcome, cancellationToken);
            }

            if (message.Outcome.Errors.Count > 0)
            {
                return;
            }

            if (isPruning || message.Outcome.Rows > 0)
            {
                await CountAsync(cancellationToken);
            }

            if (isPruning)
            {
                _prunedAt = time.GetTimestamp();
                await PruneAsync(cancellationToken);
            }
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            // The tick itself says so, or the next one will. A failed tick's line is lost with the database.
            Log.UpkeepFailed(logger, DatabaseFaults.Describe(exception));
        }
    }

    public void Dispose() => _mailbox.Dispose();

    private TimeSpan? Since(long? timestamp) => timestamp is { } at ? time.GetElapsedTime(at) : null;

    private Task NoteAsync(TickOutcome outcome, CancellationToken cancellationToken) =>
        database.OnceAsync(
            batch =>
                batch
                    .Then(Sql.Get("NoteTick"))
                    .Add("node", node.Value)
                    .Add("took_ms", (long)outcome.Took.TotalMilliseconds)
                    .Add("rows", outcome.Rows)
                    .Add("late_rows", outcome.LateRows)
                    .Add("opened", outcome.Opened)
                    .Add("claimable", (long)outcome.Claimable.Count)
                    .Add("errors", outcome.Errors.ToArray()),
            cancellationToken
        );

    /// <summary>What changes with what is folded, here or by another node, and costs more than a tick should.</summary>
    private async Task CountAsync(CancellationToken cancellationToken) =>
        metrics.CiphertextMissions.Record(
            await database.OnceAsync(
                batch => batch.Then(Sql.Get("CountCiphertext")),
                async (reader, token) => await reader.ReadAsync(token) ? reader.GetInt64(0) : 0,
                cancellationToken
            )
        );

    private async Task PruneAsync(CancellationToken cancellationToken)
    {
        foreach (var (table, statement, keep) in _kept)
        {
            var pruned = 0L;
            for (var batch = 0; batch < options.BatchesMax; batch++)
            {
                var rows = await PruneBatchAsync(statement, keep, cancellationToken);
                pruned += rows;
                if (rows < options.RowsMax)
                {
                    break;
                }
            }

            if (pruned > 0)
            {
                metrics.CountPruned(table, pruned);
                Log.Pruned(logger, pruned, table);
            }
        }
    }

    /// <returns>How many rows are gone; none while another node prunes.</returns>
    private async Task<int> PruneBatchAsync(
        string statement,
        TimeSpan keep,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var take = transaction.Command(Sql.Get("TryPrune")).Add("key", LockKey);
        if (await take.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return 0;
        }

        await using var prune = transaction
            .Command(Sql.Get(statement))
            .Add("keep", keep)
            .Add("rows_max", (long)options.RowsMax);
        var rows = await prune.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return rows;
    }
}
