using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// Folds what is new in the change log into the projection, each row exactly once, whenever it becomes visible.
/// </summary>
/// <remarks>
/// created_at is the start of a transaction and no cursor, so the feed keeps the snapshot of its last read: a row whose
/// transaction id is at or after that snapshot's xmin may be new, and is, unless its id is among those folded since the
/// last sweep. Cursor and projection move in one transaction; when the process dies here, nothing has happened. What
/// may race is a write-back, which folds its own record under the lock of that record's projection row and notes the
/// ids: so ids are compared again after the rows are locked.
/// </remarks>
public sealed class ChangeFeed(
    SyncDatabase database,
    MissionProjectors projectors,
    FeedOptions options,
    Metrics metrics,
    ILogger<ChangeFeed> logger
)
{
    /// <summary>How long the cursor may stay where it is while nothing is new: idle ticks then write nothing.</summary>
    private static readonly TimeSpan CursorStayMax = TimeSpan.FromSeconds(5);

    private readonly FoldNotices _notices = new(options, metrics, logger);

    /// <summary>Folds everything that is visible now; from nothing where the projection cannot be trusted.</summary>
    public async Task<FoldReport> FoldAsync(LogShape shape, CancellationToken cancellationToken)
    {
        var report = await FoldBatchAsync(shape, null, cancellationToken);
        while (report.IsCut)
        {
            report = report.And(await FoldBatchAsync(shape, report, cancellationToken));
        }

        return report;
    }

    /// <param name="before">The batch before it, which was cut off: what comes before its end is folded.</param>
    private async Task<FoldReport> FoldBatchAsync(
        LogShape shape,
        FoldReport? before,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await FeedCursor.LockAsync(transaction, shape, cancellationToken) is not { } cursor)
        {
            return new FoldReport(DateTimeOffset.MinValue, IsElsewhere: true, IsCut: false);
        }

        if (cursor.ReasonToStartAnew() is { } reason)
        {
            Log.FoldingFromNothing(logger, reason);
            var whole = new WholeLogFold(database, projectors, options, _notices, logger);
            var all = await whole.RunAsync(transaction, shape, cursor.Own, cancellationToken);
            return Counted(all with { NewRecords = all.Records });
        }

        return Counted(await FoldNewAsync(transaction, shape, cursor, before, cancellationToken));
    }

    /// <summary>Batch by batch: what one committed is counted though a later one of the same read fails.</summary>
    private FoldReport Counted(FoldReport report)
    {
        metrics.SnapshotRowsApplied.Add(report.Rows);
        metrics.SnapshotsNew.Add(report.NewRecords);
        metrics.SnapshotsUpdated.Add(report.Records - report.NewRecords);
        metrics.Refolds.Add(report.Refolds);
        if (report.LateRows > 0)
        {
            metrics.LateRows.Add(report.LateRows);
            Log.LateRows(logger, report.LateRows);
        }

        return report;
    }

    /// <summary>What it writes is sent together with the commit.</summary>
    private async Task<FoldReport> FoldNewAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        FeedCursor cursor,
        FoldReport? before,
        CancellationToken cancellationToken
    )
    {
        // Where the clock was set back, rows that were written since may have times that a narrow look takes for old.
        var isSweep = cursor.SetBack > TimeSpan.Zero || cursor.Now - cursor.SweptAt >= options.SweepInterval;
        var margin = cursor.ReadAt!.Value - options.Margin;
        var since = isSweep ? Earlier(margin, cursor.SweptAt!.Value - options.SweepWindow) : margin;
        var batch = await ReadBatchAsync(
            transaction,
            shape,
            before?.GoesOnAt ?? new ChangePosition(since, Guid.Empty),
            xmin: isSweep ? cursor.SweepXmin : cursor.Xmin,
            cancellationToken
        );

        // The last of several batches is followed by a whole look, which finds what became visible behind them meanwhile:
        // only where that is not cut off either, the cursor may say that all has been folded.
        var report = new FoldReport(
            batch.ReadAt,
            IsElsewhere: false,
            batch.IsCut || before?.GoesOnAt is not null
        );
        await using var last = transaction.Batch();
        if (batch.Rows.Count > 0)
        {
            report = await FoldRowsAsync(transaction, last, shape, cursor, batch, report, cancellationToken);
        }

        // Where nothing is new the cursor may stay: the next look reaches a little further back for it.
        var mayStay =
            before is null
            && batch.Rows.Count == 0
            && !isSweep
            && batch.ReadAt - cursor.ReadAt < CursorStayMax;
        if (!report.IsCut && !mayStay)
        {
            AddCursor(last, batch, isSweep);
        }

        await transaction.CommitAsync(last, cancellationToken);
        if (!report.IsCut && cursor.SetBack > TimeSpan.Zero)
        {
            Log.ClockSetBack(logger, cursor.SetBack);
        }

        return report;
    }

    private async Task<FoldReport> FoldRowsAsync(
        DatabaseTransaction transaction,
        NpgsqlBatch last,
        LogShape shape,
        FeedCursor cursor,
        ChangeBatch batch,
        FoldReport report,
        CancellationToken cancellationToken
    )
    {
        var keys = batch
            .Rows.Select(row => row.Key)
            .Where(key => key.RecordId.Length > 0)
            .Distinct()
            .ToArray();
        var (stored, left, meanwhile) = await ProjectionStore.LockAsync(
            transaction,
            keys,
            [.. batch.Rows.Select(row => row.Position.Id)],
            options.BytesMax,
            cancellationToken
        );
        // Records that are too much for this transaction are left to the next with all their rows, and not folded in
        // several parts of this one: write-backs wait for it.
        var fresh = batch
            .Rows.Where(row => !left.Contains(row.Key) && !meanwhile.Contains(row.Position.Id))
            .ToList();

        var works = new List<RecordWork>();
        var folded = new List<FoldedRecord>();
        var read = new List<ChangeRow>(fresh);
        var refolds = 0;
        foreach (var rows in fresh.Where(row => row.Key.RecordId.Length > 0).GroupBy(row => row.Key))
        {
            var before = stored.GetValueOrDefault(rows.Key);
            if (before is not null && rows.First().Position <= before.Position)
            {
                // Behind what was folded, or seen before: only the whole record in its order is right.
                folded.Add(
                    await RecordReader.FoldAsync(
                        transaction,
                        shape,
                        rows.Key,
                        cursor.SweepXmin,
                        read,
                        cancellationToken
                    )
                );
                refolds++;
            }
            else
            {
                works.Add(new RecordWork(rows.Key, before, [.. rows]));
            }
        }

        folded.AddRange(await projectors.FoldAsync(shape.Generation, works, cancellationToken));
        ProjectionStore.AddSave(last, [.. folded.Select(one => one.Record)]);
        ProjectionStore.AddFolded(last, read);
        _notices.OfRecords(folded);
        fresh.ForEach(row => _notices.OfRow(row, batch.ReadAt));
        var late = fresh.Count(row => row.Position.CreatedAt < cursor.ReadAt!.Value - options.Margin);
        return report with
        {
            IsCut = report.IsCut || left.Count > 0,
            GoesOnAt =
                batch.Rows.FirstOrDefault(row => left.Contains(row.Key))?.Position
                ?? (batch.IsCut ? batch.Rows[^1].Position : null),
            Rows = fresh.Count,
            Records = folded.Count,
            NewRecords = works.Count(work => work.Stored is null),
            Refolds = refolds,
            LateRows = late,
        };
    }

    private async Task<ChangeBatch> ReadBatchAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        ChangePosition since,
        long xmin,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(shape.Statement("ReadChanges"))
            .Add("since", since.CreatedAt)
            .Add("since_id", since.Id)
            .Add("xmin", xmin)
            .Add("rows_max", (long)options.RowsMax)
            .Add("bytes_max", options.BytesMax);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<ChangeRow>();
        var (snapshot, readAt, candidates, bytes) = ("", DateTimeOffset.MinValue, 0L, 0L);
        while (await reader.ReadAsync(cancellationToken))
        {
            (snapshot, readAt, candidates) = (reader.GetString(0), reader.GetInstant(1), reader.GetInt64(2));
            if (reader.IsDBNull(3))
            {
                continue;
            }

            var row = ChangeRowReader.Read(reader, 3);
            bytes += row.JsonBytes;
            if (rows.Count > 0 && bytes > options.BytesMax)
            {
                // The server has only guessed what compressed rows come to.
                break;
            }

            rows.Add(row);
        }

        var isCut = candidates > rows.Count || candidates == options.RowsMax;
        return new ChangeBatch(rows, snapshot, readAt, isCut);
    }

    private static void AddCursor(NpgsqlBatch last, ChangeBatch batch, bool isSweep)
    {
        last.Then(Sql.Get("SaveCursor"))
            .Add("read_at", batch.ReadAt)
            .Add("snapshot", batch.Snapshot)
            .Add("is_sweep", isSweep);
        if (isSweep)
        {
            last.Then(Sql.Get("PruneFolded")).Add("xmin", batch.Xmin);
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset right) =>
        left < right ? left : right;

    private sealed record ChangeBatch(
        IReadOnlyList<ChangeRow> Rows,
        string Snapshot,
        DateTimeOffset ReadAt,
        bool IsCut
    )
    {
        /// <summary>A snapshot's text is xmin:xmax:list.</summary>
        public long Xmin => PgSnapshot.Xmin(Snapshot);
    }
}
