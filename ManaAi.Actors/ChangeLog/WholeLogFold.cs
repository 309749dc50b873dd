using System.Data;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// Makes the projection from nothing: one connection streams the log under one snapshot, record by record; the writing
/// transaction, which holds the cursor's lock, copies the results in and stores the reader's snapshot. Memory holds a
/// few batches, never the log.
/// </summary>
internal sealed class WholeLogFold(
    SyncDatabase database,
    MissionProjectors projectors,
    FeedOptions options,
    FoldNotices notices,
    ILogger logger
)
{
    // Between two stages: enough that neither waits for the other, and all that is in memory.
    private const int BatchesMax = 2;

    // Below it nothing grew that is worth a collection of everything.
    private const int RowsThatMakeTheHeapGrow = 20_000;

    public async Task<FoldReport> RunAsync(
        DatabaseTransaction writer,
        LogShape shape,
        LogIdentity identity,
        CancellationToken cancellationToken
    )
    {
        var started = Stopwatch.GetTimestamp();
        await ClearAsync(writer, cancellationToken);

        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var batches = Channel.CreateBounded<WholeLogBatch>(BatchesMax);
        var folded = Channel.CreateBounded<FoldedBatch>(BatchesMax);
        var start = new TaskCompletionSource<(string Snapshot, DateTimeOffset ReadAt)>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        var reading = ReadAsync(shape, batches.Writer, start, cancel.Token);
        var folding = FoldAsync(shape, batches.Reader, folded.Writer, cancel.Token);
        try
        {
            var (snapshot, readAt) = await start.Task.WaitAsync(cancellationToken);
            var (rows, records) = await WriteAsync(writer, folded.Reader, cancellationToken);
            await reading;
            await using var last = writer.Batch();
            AddCursor(last, identity, snapshot, readAt);
            await writer.CommitAsync(last, cancellationToken);
            Log.FoldedFromNothing(logger, rows, records, Stopwatch.GetElapsedTime(started));
            if (rows >= RowsThatMakeTheHeapGrow)
            {
                GiveMemoryBack();
            }

            return new FoldReport(readAt, IsElsewhere: false, IsCut: false)
            {
                Rows = rows,
                Records = records,
                IsFromNothing = true,
            };
        }
        finally
        {
            // Whatever ended the writing ends the others too.
            await cancel.CancelAsync();
            await folding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ClearAsync(DatabaseTransaction writer, CancellationToken cancellationToken)
    {
        // Emptying a large projection takes long, and the stream may pause between batches.
        await writer.LengthenDeadlinesAsync(cancellationToken);
        await using var clear = writer.Batch();
        clear.Then(Sql.Get("ForgetMissions"));
        clear.Then(Sql.Get("ForgetAgents"));
        clear.Then(Sql.Get("ForgetAllFolded"));
        await clear.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task ReadAsync(
        LogShape shape,
        ChannelWriter<WholeLogBatch> batches,
        TaskCompletionSource<(string, DateTimeOffset)> start,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var transaction = await database.BeginAsync(
                cancellationToken,
                SyncDatabase.LongStatementMax,
                IsolationLevel.RepeatableRead
            );
            // Where the log is not mostly of other tables, reading in an index's order is cheaper than sorting all of it.
            await using var begin = transaction.Command(
                """
                select pg_current_snapshot()::text, clock_timestamp(), set_config('work_mem', '64MB', true),
                       set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true),
                       set_config('random_page_cost', '1.1', true)
                """
            );
            await using (var reader = await begin.ExecuteReaderAsync(cancellationToken))
            {
                await reader.ReadAsync(cancellationToken);
                start.SetResult((reader.GetString(0), reader.GetInstant(1)));
            }

            // Not through a reader, which costs twice as much for each row.
            await using var copy = await transaction.Connection.BeginRawBinaryCopyAsync(
                $"copy ({shape.Statement("ReadWholeLog")}) to stdout (format binary)",
                cancellationToken
            );
            // The first row comes when all are sorted.
            copy.ReadTimeout = (int)SyncDatabase.LongStatementMax.TotalMilliseconds;
            try
            {
                var (snapshot, readAt) = await start.Task;
                await ReadBatchesAsync(copy, PgSnapshot.Xmin(snapshot), readAt, batches, cancellationToken);
            }
            catch (Exception exception)
            {
                // Leaving the copy would first read the rest of the log. The reason goes ahead of the cancel's own.
                batches.TryComplete(exception);
                await copy.CancelAsync();
                throw;
            }

            batches.Complete();
        }
        catch (Exception exception)
        {
            start.TrySetException(exception);
            batches.TryComplete(exception);
            throw;
        }
    }

    private async Task ReadBatchesAsync(
        Stream copy,
        long xmin,
        DateTimeOffset readAt,
        ChannelWriter<WholeLogBatch> batches,
        CancellationToken cancellationToken
    )
    {
        var rows = new CopiedRows(copy);
        await rows.BeginAsync(cancellationToken);
        var batch = new WholeLogBatch(options);
        while (await rows.NextAsync(cancellationToken) is { } row)
        {
            notices.OfStamp(row, readAt);
            if (batch.IsFull)
            {
                batch.IsLastOpen = batch.EndsWith(row.Key);
                await batches.WriteAsync(batch, cancellationToken);
                batch = new WholeLogBatch(options);
            }

            batch.Add(row, isNearSnapshot: Xid.IsAtOrAfter(row.Xid, xmin));
        }

        await batches.WriteAsync(batch, cancellationToken);
    }

    /// <summary>Beside both the reading and the writing: each of the three has something to do at any time.</summary>
    private async Task FoldAsync(
        LogShape shape,
        ChannelReader<WholeLogBatch> batches,
        ChannelWriter<FoldedBatch> folded,
        CancellationToken cancellationToken
    )
    {
        try
        {
            StoredRecord? open = null;
            await foreach (var batch in batches.ReadAllAsync(cancellationToken))
            {
                var records = await projectors.FoldAsync(
                    shape.Generation,
                    batch.Works(open),
                    cancellationToken
                );
                var part = batch.IsLastOpen
                    ? records.SingleOrDefault(one => batch.EndsWith(one.Record.Stored.Key))
                    : null;
                notices.OfRecords([.. records.Where(one => one != part)]);
                foreach (var row in part?.Unfolded ?? [])
                {
                    notices.OfUnfolded(row);
                }

                open = part?.Record.Stored;
                await folded.WriteAsync(
                    new FoldedBatch(
                        [.. records.Where(one => one != part).Select(one => one.Record)],
                        batch.NearSnapshot,
                        batch.Rows
                    ),
                    cancellationToken
                );
            }

            folded.Complete();
        }
        catch (Exception exception)
        {
            folded.TryComplete(exception);
            throw;
        }
    }

    private static async Task<(long Rows, long Records)> WriteAsync(
        DatabaseTransaction writer,
        ChannelReader<FoldedBatch> folded,
        CancellationToken cancellationToken
    )
    {
        var (rows, records) = (0L, 0L);
        await using var copy = new ProjectionCopy(writer);
        await foreach (var batch in folded.ReadAllAsync(cancellationToken))
        {
            await copy.SaveAsync(batch.Records, batch.NearSnapshot, cancellationToken);
            rows += batch.Rows;
            records += batch.Records.Count;
        }

        await copy.CompleteAsync(cancellationToken);
        return (rows, records);
    }

    /// <summary>The heap grew for this once; what comes after it needs a tenth.</summary>
    [SuppressMessage(
        "Major Code Smell",
        "S1215",
        Justification = "Nobody knows better when the garbage is all there is."
    )]
    private static void GiveMemoryBack() =>
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    private static void AddCursor(
        NpgsqlBatch last,
        LogIdentity identity,
        string snapshot,
        DateTimeOffset readAt
    ) =>
        last.Then(Sql.Get("StartCursor"))
            .Add("system_identifier", identity.SystemIdentifier)
            .Add("database_oid", identity.DatabaseOid)
            .Add("table_oid", identity.TableOid)
            .Add("generation", identity.Generation)
            .Add("read_at", readAt)
            .Add("snapshot", snapshot);

    /// <param name="NearSnapshot">Rows that the next read would ask for again.</param>
    private sealed record FoldedBatch(
        IReadOnlyList<ProjectedRecord> Records,
        IReadOnlyList<ChangeRow> NearSnapshot,
        int Rows
    );
}
