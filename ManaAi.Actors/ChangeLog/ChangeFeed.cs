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
        FoldReport? report = null;
        CutLook? cut = null;
        bool isFurther;
        do
        {
            isFurther = cut is not null;
            (var next, cut) = await FoldBatchAsync(shape, cut, cancellationToken);
            report = report?.And(next) ?? next;
            // After a look of several batches one more finds what became visible behind them meanwhile.
        } while (cut is not null || isFurther);

        return report;
    }

    /// <param name="before">The batch before it, which was cut off.</param>
    private async Task<(FoldReport Report, CutLook? Cut)> FoldBatchAsync(
        LogShape shape,
        CutLook? before,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await FeedCursor.LockAsync(transaction, shape, cancellationToken) is not { } cursor)
        {
            return (new FoldReport(DateTimeOffset.MinValue, IsElsewhere: true, IsCut: false), null);
        }

        if (cursor.ReasonToStartAnew() is { } reason)
        {
            Log.FoldingFromNothing(logger, reason);
            var whole = new WholeLogFold(database, projectors, options, _notices, logger);
            var all = await whole.RunAsync(transaction, shape, cursor.Own, cancellationToken);
            return (Counted(all with { NewRecords = all.Records }), null);
        }

        // Where another node has moved the cursor meanwhile, what was seen before says nothing.
        var goesOn = before?.Cursor == cursor.Place ? before : null;
        var (report, cut) = await FoldNewAsync(transaction, shape, cursor, goesOn, cancellationToken);
        return (Counted(report), cut);
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
    private async Task<(FoldReport Report, CutLook? Cut)> FoldNewAsync(
        DatabaseTransaction transaction,
        LogShape shape,
        FeedCursor cursor,
        CutLook? before,
        CancellationToken cancellationToken
    )
    {
        // Where the clock was set back, rows that were written since may have times that a narrow look takes for old.
        var isSweep =
            before?.IsSweep
            ?? (cursor.SetBack > TimeSpan.Zero || cursor.Now - cursor.SweptAt >= options.SweepInterval);
        var margin = cursor.ReadAt!.Value - options.Margin;
        var since = isSweep ? Earlier(margin, cursor.SweptAt!.Value - options.SweepWindow) : margin;
        var batch = await ReadBatchAsync(
            transaction,
            shape,
            before?.GoesOnAt ?? new ChangePosition(since, Guid.Empty),
            xmin: isSweep ? cursor.SweepXmin : cursor.Xmin,
            cancellationToken
        );

        var look = before ?? new CutLook(cursor.Place, isSweep, batch.Snapshot, batch.ReadAt);
        var report = new FoldReport(batch.ReadAt, IsElsewhere: false, batch.IsCut);
        await using var last = transaction.Batch();
        if (batch.Rows.Count > 0)
        {
            (report, var goesOnAt) = await FoldRowsAsync(
                transaction,
                last,
                shape,
                cursor,
                batch,
                report,
                cancellationToken
            );
            look = look with { GoesOnAt = goesOnAt };
        }

        // Where nothing is new the cursor may stay: the next look reaches a little further back for it.
        var mayStay =
            batch.Rows.Count == 0
            && before is null
            && !isSweep
            && batch.ReadAt - cursor.ReadAt < CursorStayMax;
        if (!report.IsCut && !mayStay)
        {
            AddCursor(last, look);
        }

        await transaction.CommitAsync(last, cancellationToken);
        if (!report.IsCut && cursor.SetBack > TimeSpan.Zero)
        {
            Log.ClockSetBack(logger, cursor.SetBack);
        }

        return (report, report.IsCut ? look : null);
    }

    /// <returns>And where the next batch goes on, if there is more.</returns>
    private async Task<(FoldReport Report, ChangePosition GoesOnAt)> FoldRowsAsync(
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
        report = report with
        {
            IsCut = report.IsCut || left.Count > 0,
            Rows = fresh.Count,
            Records = folded.Count,
            NewRecords = works.Count(work => work.Stored is null),
            Refolds = refolds,
            LateRows = late,
        };
        return (
            report,
            (batch.Rows.FirstOrDefault(row => left.Contains(row.Key)) ?? batch.Rows[^1]).Position
        );
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

    private static void AddCursor(NpgsqlBatch last, CutLook look)
    {
        last.Then(Sql.Get("SaveCursor"))
            .Add("read_at", look.ReadAt)
            .Add("snapshot", look.Snapshot)
            .Add("is_sweep", look.IsSweep);
        if (look.IsSweep)
        {
            // A snapshot's text is xmin:xmax:list.
            last.Then(Sql.Get("PruneFolded")).Add("xmin", PgSnapshot.Xmin(look.Snapshot));
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset right) =>
        left < right ? left : right;

    private sealed record ChangeBatch(
        IReadOnlyList<ChangeRow> Rows,
        string Snapshot,
        DateTimeOffset ReadAt,
        bool IsCut
    );

    /// <summary>
    /// A look at the log that takes several batches. Each goes on where the one before it ended and does not look again at
    /// what those have folded. What becomes visible behind that place meanwhile is for the next look: the cursor gets the
    /// snapshot of the first batch, which saw none of it.
    /// </summary>
    private sealed record CutLook(
        (long Xmin, long Xmax, long SweepXmin) Cursor,
        bool IsSweep,
        string Snapshot,
        DateTimeOffset ReadAt
    )
    {
        public ChangePosition? GoesOnAt { get; init; }
    }
}
