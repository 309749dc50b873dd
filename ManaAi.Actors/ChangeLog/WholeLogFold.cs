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
/// Makes the projection from nothing: one connection streams the log under one snapshot, user by user; the writing
/// transaction, which holds the cursor's lock, copies the results in and stores the reader's snapshot. Memory holds a
/// few batches, never the log; and records that would need more are read one by one.
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
        await using var reader = await database.BeginAsync(
            cancellationToken,
            SyncDatabase.LongStatementMax,
            IsolationLevel.RepeatableRead
        );
        var view = await LogView.OpenAsync(reader, cancellationToken);

        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var batches = Channel.CreateBounded<WholeLogBatch>(BatchesMax);
        var folded = Channel.CreateBounded<FoldedBatch>(BatchesMax);
        var reading = ReadAsync(reader, shape, view, batches.Writer, cancel.Token);
        var folding = FoldAsync(shape, batches.Reader, folded.Writer, cancel.Token);
        try
        {
            await using var copy = new ProjectionCopy(writer);
            var (rows, records) = await WriteAsync(copy, folded.Reader, cancellationToken);
            await reading;
            foreach (var aside in await folding)
            {
                records += await FoldOneByOneAsync(reader, copy, shape, view, aside, cancellationToken);
            }

            await copy.CompleteAsync(cancellationToken);
            await using var last = writer.Batch();
            AddCursor(last, identity, view);
            await writer.CommitAsync(last, cancellationToken);
            Log.FoldedFromNothing(logger, rows, records, Stopwatch.GetElapsedTime(started));
            if (rows >= RowsThatMakeTheHeapGrow)
            {
                GiveMemoryBack();
            }

            return new FoldReport(view.ReadAt, IsElsewhere: false, IsCut: false)
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
            await ((Task)folding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        DatabaseTransaction reader,
        LogShape shape,
        LogView view,
        ChannelWriter<WholeLogBatch> batches,
        CancellationToken cancellationToken
    )
    {
        try
        {
            // Not through a reader, which costs twice as much for each row.
            await using var copy = await reader.Connection.BeginRawBinaryCopyAsync(
                $"copy ({shape.Statement("ReadWholeLog")}) to stdout (format binary)",
                cancellationToken
            );
            // The first row comes when all are sorted.
            copy.ReadTimeout = (int)SyncDatabase.LongStatementMax.TotalMilliseconds;
            try
            {
                await ReadBatchesAsync(copy, view, batches, cancellationToken);
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
            batches.TryComplete(exception);
            throw;
        }
    }

    private async Task ReadBatchesAsync(
        Stream copy,
        LogView view,
        ChannelWriter<WholeLogBatch> batches,
        CancellationToken cancellationToken
    )
    {
        var rows = new CopiedRows(copy);
        await rows.BeginAsync(cancellationToken);
        var batch = new WholeLogBatch(options);
        var tied = new TiedRows(options.WholeBytesMax);
        var hasMore = true;
        while (hasMore)
        {
            var row = await rows.NextAsync(cancellationToken);
            hasMore = row is not null;
            if (row is null || !rows.IsTied)
            {
                foreach (var one in tied.TakeInOrder())
                {
                    if (batch.EndsBefore(one))
                    {
                        await batches.WriteAsync(batch, cancellationToken);
                        batch = new WholeLogBatch(options);
                    }

                    batch.Add(one, view.IsNear(one));
                }
            }

            if (row is not null)
            {
                notices.OfRow(row, view.ReadAt);
                if (!tied.TryAdd(row))
                {
                    batch.LeaveOut(row);
                }
            }
        }

        await batches.WriteAsync(batch, cancellationToken);
    }

    /// <summary>Beside both the reading and the writing: each of the three has something to do at any time.</summary>
    /// <returns>Whose records were left out.</returns>
    private async Task<IReadOnlySet<UserTable>> FoldAsync(
        LogShape shape,
        ChannelReader<WholeLogBatch> batches,
        ChannelWriter<FoldedBatch> folded,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var aside = new HashSet<UserTable>();
            var open = new OpenRecords();
            await foreach (var batch in batches.ReadAllAsync(cancellationToken))
            {
                aside.UnionWith(batch.LeftOut);
                if (aside.Contains(open.Owner))
                {
                    open.Drop();
                }

                var records = await projectors.FoldAsync(
                    shape.Generation,
                    batch.Works(open, aside),
                    cancellationToken
                );
                await SendAsync(open.GoOn(batch.Last, records), batch.NearSnapshot, batch.Rows);
                if (open.Bytes > options.WholeUserBytesMax)
                {
                    aside.Add(open.Owner);
                    open.Drop();
                }
            }

            await SendAsync(open.GoOn(default, []), [], 0);
            folded.Complete();
            return aside;
        }
        catch (Exception exception)
        {
            folded.TryComplete(exception);
            throw;
        }

        async Task SendAsync(
            IReadOnlyList<FoldedRecord> complete,
            IReadOnlyList<ChangeRow> nearSnapshot,
            int rows
        )
        {
            notices.OfRecords(complete);
            await folded.WriteAsync(
                new FoldedBatch([.. complete.Select(one => one.Record)], nearSnapshot, rows),
                cancellationToken
            );
        }
    }

    private static async Task<(long Rows, long Records)> WriteAsync(
        ProjectionCopy copy,
        ChannelReader<FoldedBatch> folded,
        CancellationToken cancellationToken
    )
    {
        var (rows, records) = (0L, 0L);
        await foreach (var batch in folded.ReadAllAsync(cancellationToken))
        {
            await copy.SaveAsync(batch.Records, batch.NearSnapshot, cancellationToken);
            rows += batch.Rows;
            records += batch.Records.Count;
        }

        return (rows, records);
    }

    /// <summary>Records of a user who has too many to have them in hand at once.</summary>
    private async Task<long> FoldOneByOneAsync(
        DatabaseTransaction reader,
        ProjectionCopy copy,
        LogShape shape,
        LogView view,
        UserTable owner,
        CancellationToken cancellationToken
    )
    {
        var records = 0L;
        foreach (var record in await RecordReader.IdsAsync(reader, owner, cancellationToken))
        {
            var key = new RecordKey(owner.UserId, RecordKey.App, owner.TableName, record);
            var read = new List<ChangeRow>();
            var folded = await RecordReader.FoldAsync(reader, shape, key, view.Xmin, read, cancellationToken);
            notices.OfRecords([folded]);
            await copy.SaveAsync([folded.Record], read, cancellationToken);
            records++;
        }

        return records;
    }

    /// <summary>The heap grew for this once; what comes after it needs a tenth.</summary>
    [SuppressMessage(
        "Major Code Smell",
        "S1215",
        Justification = "Nobody knows better when the garbage is all there is."
    )]
    private static void GiveMemoryBack() =>
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    private static void AddCursor(NpgsqlBatch last, LogIdentity identity, LogView view) =>
        last.Then(Sql.Get("StartCursor"))
            .Add("system_identifier", identity.SystemIdentifier)
            .Add("database_oid", identity.DatabaseOid)
            .Add("table_oid", identity.TableOid)
            .Add("generation", identity.Generation)
            .Add("read_at", view.ReadAt)
            .Add("snapshot", view.Snapshot);

    /// <param name="NearSnapshot">Rows that the next read would ask for again.</param>
    private sealed record FoldedBatch(
        IReadOnlyList<ProjectedRecord> Records,
        IReadOnlyList<ChangeRow> NearSnapshot,
        int Rows
    );

    /// <summary>What the reading transaction sees of the log.</summary>
    private sealed record LogView(string Snapshot, DateTimeOffset ReadAt)
    {
        public long Xmin { get; } = PgSnapshot.Xmin(Snapshot);

        public bool IsNear(ChangeRow row) => Xid.IsAtOrAfter(row.Xid, Xmin);

        public static async Task<LogView> OpenAsync(
            DatabaseTransaction transaction,
            CancellationToken cancellationToken
        )
        {
            // Where the log is not mostly of other tables, reading in an index's order is cheaper than sorting all of it.
            await using var begin = transaction.Command(
                """
                select pg_current_snapshot()::text, clock_timestamp(), set_config('work_mem', '64MB', true),
                       set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true),
                       set_config('random_page_cost', '1.1', true)
                """
            );
            await using var reader = await begin.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return new LogView(reader.GetString(0), reader.GetInstant(1));
        }
    }
}
