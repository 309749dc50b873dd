using System.Data;
using System.Diagnostics;
using System.Threading.Channels;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// Makes the projection from nothing: one connection streams the log under one snapshot, record by record; the writing
/// transaction, which holds the cursor's lock, copies the results in and stores the reader's snapshot. Memory holds a
/// few batches, never the log.
/// </summary>
internal sealed class WholeLogFold(SyncDatabase database, MissionProjectors projectors, ILogger logger)
{
    /// <summary>Reading a log of ten million rows takes minutes.</summary>
    private static readonly TimeSpan ReadingMax = TimeSpan.FromHours(2);

    // Rows and bytes in one batch of whole records; a larger record is a batch of its own.
    private const int RowsMax = 4000;
    private const long BytesMax = 8 * 1024 * 1024;

    public async Task<FoldReport> RunAsync(
        DatabaseTransaction writer,
        LogShape shape,
        LogIdentity identity,
        Action<IReadOnlyList<FoldedRecord>> report,
        CancellationToken cancellationToken
    )
    {
        var started = Stopwatch.GetTimestamp();
        await ClearAsync(writer, cancellationToken);

        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var batches = Channel.CreateBounded<WholeBatch>(capacity: 2);
        var start = new TaskCompletionSource<(string Snapshot, DateTimeOffset ReadAt)>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        var reading = ReadAsync(shape, batches.Writer, start, cancel.Token);
        try
        {
            var (snapshot, readAt) = await start.Task.WaitAsync(cancellationToken);
            var (rows, records) = await WriteAsync(writer, shape, batches.Reader, report, cancellationToken);
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
        await using var clear = writer.Batch();
        // The stream may pause between batches for longer than a query may take.
        clear.Then("set local statement_timeout = 0");
        clear.Then("set local idle_in_transaction_session_timeout = 0");
        clear.Then(Sql.Get("ForgetMissions"));
        clear.Then(Sql.Get("ForgetAgents"));
        clear.Then(Sql.Get("ForgetAllFolded"));
        await clear.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task ReadAsync(
        LogShape shape,
        ChannelWriter<WholeBatch> batches,
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

            var xmin = PgSnapshot.Xmin((await start.Task).Item1);
            await using var command = transaction.Command(shape.Statement("ReadWholeLog"));
            command.CommandTimeout = 0;
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            await ReadBatchesAsync(rows, xmin, batches, cancellationToken);
            batches.Complete();
        }
        catch (Exception exception)
        {
            start.TrySetException(exception);
            batches.TryComplete(exception);
            throw;
        }
    }

    private static async Task ReadBatchesAsync(
        NpgsqlDataReader rows,
        long xmin,
        ChannelWriter<WholeBatch> batches,
        CancellationToken cancellationToken
    )
    {
        var batch = new WholeBatch();
        while (await rows.ReadAsync(cancellationToken))
        {
            var row = ChangeRowReader.Read(rows, 0);
            if (batch.IsFull && !batch.EndsWith(row.Key))
            {
                await batches.WriteAsync(batch, cancellationToken);
                batch = new WholeBatch();
            }

            batch.Add(row, isNearSnapshot: Xid.IsAtOrAfter(row.Xid, xmin));
        }

        await batches.WriteAsync(batch, cancellationToken);
    }

    private async Task<(long Rows, long Records)> WriteAsync(
        DatabaseTransaction writer,
        LogShape shape,
        ChannelReader<WholeBatch> batches,
        Action<IReadOnlyList<FoldedRecord>> report,
        CancellationToken cancellationToken
    )
    {
        var (rows, records) = (0L, 0L);
        await foreach (var batch in batches.ReadAllAsync(cancellationToken))
        {
            var folded = await projectors.FoldAsync(shape.Generation, batch.Works, cancellationToken);
            report(folded);
            await CopyAsync(writer, [.. folded.Select(one => one.Record)], cancellationToken);
            await ProjectionStore.RecordFoldedAsync(writer, batch.NearSnapshot, cancellationToken);
            rows += batch.Rows;
            records += folded.Count;
        }

        return (rows, records);
    }

    private static async Task CopyAsync(
        DatabaseTransaction writer,
        IReadOnlyList<ProjectedRecord> records,
        CancellationToken cancellationToken
    )
    {
        await ProjectionStore.SaveAsync(
            writer,
            [.. records.Where(record => record.Agent is not null)],
            cancellationToken
        );
        await using var copy = await writer.Connection.BeginBinaryImportAsync(
            Sql.Get("CopyMissions"),
            cancellationToken
        );
        foreach (var record in records.Where(record => record.Mission is not null))
        {
            await CopyMissionAsync(copy, record.Stored, record.Mission!, cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
    }

    private static async Task CopyMissionAsync(
        NpgsqlBinaryImporter copy,
        StoredRecord stored,
        MissionState mission,
        CancellationToken cancellationToken
    )
    {
        await copy.StartRowAsync(cancellationToken);
        await copy.WriteAsync(stored.Key.UserId, NpgsqlDbType.Text, cancellationToken);
        await copy.WriteAsync(stored.Key.RecordId, NpgsqlDbType.Text, cancellationToken);
        await WriteJsonAsync(copy, stored.Record, cancellationToken);
        await WriteJsonAsync(copy, stored.FieldTimes, cancellationToken);
        await WriteTextAsync(copy, mission.State, cancellationToken);
        await WriteInstantAsync(copy, mission.NextRunAt, cancellationToken);
        await WriteTextAsync(copy, mission.AgentId, cancellationToken);
        await copy.WriteAsync(mission.IsDeleted, NpgsqlDbType.Boolean, cancellationToken);
        await WriteTextAsync(copy, mission.Obstacle, cancellationToken);
        await WriteInstantAsync(copy, mission.RunningUntil, cancellationToken);
        await copy.WriteAsync(mission.NeedsSchedule, NpgsqlDbType.Boolean, cancellationToken);
        await WriteInstantAsync(copy, stored.IterationsAt, cancellationToken);
        if (stored.NewerSchema is { } newerSchema)
        {
            await copy.WriteAsync(newerSchema, NpgsqlDbType.Integer, cancellationToken);
        }
        else
        {
            await copy.WriteNullAsync(cancellationToken);
        }

        await WriteInstantAsync(copy, stored.Position.CreatedAt, cancellationToken);
        await copy.WriteAsync(stored.Position.Id, NpgsqlDbType.Uuid, cancellationToken);
    }

    private static Task WriteJsonAsync(
        NpgsqlBinaryImporter copy,
        ReadOnlyMemory<byte>? json,
        CancellationToken cancellationToken
    ) =>
        json is { } bytes
            ? copy.WriteAsync(bytes, NpgsqlDbType.Jsonb, cancellationToken)
            : copy.WriteNullAsync(cancellationToken);

    private static Task WriteTextAsync(
        NpgsqlBinaryImporter copy,
        string? text,
        CancellationToken cancellationToken
    ) =>
        text is not null
            ? copy.WriteAsync(text, NpgsqlDbType.Text, cancellationToken)
            : copy.WriteNullAsync(cancellationToken);

    private static Task WriteInstantAsync(
        NpgsqlBinaryImporter copy,
        DateTimeOffset? instant,
        CancellationToken cancellationToken
    ) =>
        instant is { } value
            ? copy.WriteAsync(value, NpgsqlDbType.TimestampTz, cancellationToken)
            : copy.WriteNullAsync(cancellationToken);

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

    /// <summary>Whole records with all their rows, in the order of the fold.</summary>
    private sealed class WholeBatch
    {
        private readonly List<(RecordKey Key, List<ChangeRow> Rows)> _records = [];
        private readonly List<ChangeRow> _nearSnapshot = [];
        private long _bytes;

        public int Rows { get; private set; }

        public bool IsFull => Rows >= RowsMax || _bytes >= BytesMax;

        public IReadOnlyList<ChangeRow> NearSnapshot => _nearSnapshot;

        public IEnumerable<RecordWork> Works =>
            _records
                .Where(record => record.Key.RecordId.Length > 0)
                .Select(record => new RecordWork(record.Key, null, record.Rows));

        public bool EndsWith(RecordKey key) => _records.Count > 0 && _records[^1].Key == key;

        public void Add(ChangeRow row, bool isNearSnapshot)
        {
            if (!EndsWith(row.Key))
            {
                _records.Add((row.Key, []));
            }

            _records[^1].Rows.Add(row);
            Rows++;
            _bytes += (row.Data?.Length ?? 0) + (row.Stamps?.Length ?? 0);
            if (isNearSnapshot)
            {
                _nearSnapshot.Add(row with { Data = null, Stamps = null });
            }
        }
    }
}
