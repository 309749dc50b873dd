using System.Data;
using System.Diagnostics;
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
    /// <summary>Reading a log of ten million rows takes minutes.</summary>
    private static readonly TimeSpan ReadingMax = TimeSpan.FromHours(2);

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
        var batches = Channel.CreateBounded<WholeLogBatch>(capacity: 2);
        var start = new TaskCompletionSource<(string Snapshot, DateTimeOffset ReadAt)>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        var reading = ReadAsync(shape, batches.Writer, start, cancel.Token);
        try
        {
            var (snapshot, readAt) = await start.Task.WaitAsync(cancellationToken);
            var (rows, records) = await WriteAsync(writer, shape, batches.Reader, cancellationToken);
            await reading;
            await StartCursorAsync(writer, identity, snapshot, readAt, cancellationToken);
            await writer.CommitAsync(cancellationToken);
            Log.FoldedFromNothing(logger, rows, records, Stopwatch.GetElapsedTime(started));
            return new FoldReport(readAt, IsElsewhere: false, IsCut: false)
            {
                Rows = rows,
                Records = records,
                IsFromNothing = true,
            };
        }
        finally
        {
            // Whatever ended the writing ends the reading too.
            await cancel.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ClearAsync(DatabaseTransaction writer, CancellationToken cancellationToken)
    {
        // Emptying a large projection takes long, and the stream may pause between batches.
        await writer.LiftDeadlinesAsync(cancellationToken);
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
                ReadingMax,
                IsolationLevel.RepeatableRead
            );
            await using var begin = transaction.Command(
                """
                select pg_current_snapshot()::text, clock_timestamp(), set_config('work_mem', '64MB', true)
                """
            );
            await using (var reader = await begin.ExecuteReaderAsync(cancellationToken))
            {
                await reader.ReadAsync(cancellationToken);
                start.SetResult((reader.GetString(0), reader.GetInstant(1)));
            }

            await using var command = transaction.Command(shape.Statement("ReadWholeLog"));
            command.CommandTimeout = 0;
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            try
            {
                var (snapshot, readAt) = await start.Task;
                await ReadBatchesAsync(rows, PgSnapshot.Xmin(snapshot), readAt, batches, cancellationToken);
            }
            catch (Exception exception)
            {
                // Leaving the reader would first read the rest of the log. The reason goes ahead of the cancel's own.
                batches.TryComplete(exception);
                command.Cancel();
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
        NpgsqlDataReader rows,
        long xmin,
        DateTimeOffset readAt,
        ChannelWriter<WholeLogBatch> batches,
        CancellationToken cancellationToken
    )
    {
        var batch = new WholeLogBatch(options);
        while (await rows.ReadAsync(cancellationToken))
        {
            var row = ChangeRowReader.Read(rows, 0);
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

    private async Task<(long Rows, long Records)> WriteAsync(
        DatabaseTransaction writer,
        LogShape shape,
        ChannelReader<WholeLogBatch> batches,
        CancellationToken cancellationToken
    )
    {
        var (rows, records) = (0L, 0L);
        StoredRecord? open = null;
        await foreach (var batch in batches.ReadAllAsync(cancellationToken))
        {
            var folded = await projectors.FoldAsync(shape.Generation, batch.Works(open), cancellationToken);
            var part = batch.IsLastOpen
                ? folded.SingleOrDefault(one => batch.EndsWith(one.Record.Stored.Key))
                : null;
            FoldedRecord[] whole = [.. folded.Where(one => one != part)];
            notices.OfRecords(whole);
            foreach (var row in part?.Unfolded ?? [])
            {
                notices.OfUnfolded(row);
            }

            await ProjectionCopy.SaveAsync(writer, [.. whole.Select(one => one.Record)], cancellationToken);
            await ProjectionStore.RecordFoldedAsync(writer, batch.NearSnapshot, cancellationToken);
            open = part?.Record.Stored;
            rows += batch.Rows;
            records += whole.Length;
        }

        return (rows, records);
    }

    private static async Task StartCursorAsync(
        DatabaseTransaction writer,
        LogIdentity identity,
        string snapshot,
        DateTimeOffset readAt,
        CancellationToken cancellationToken
    )
    {
        await using var command = writer
            .Command(Sql.Get("StartCursor"))
            .Add("system_identifier", identity.SystemIdentifier)
            .Add("database_oid", identity.DatabaseOid)
            .Add("table_oid", identity.TableOid)
            .Add("generation", identity.Generation)
            .Add("read_at", readAt)
            .Add("snapshot", snapshot);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
