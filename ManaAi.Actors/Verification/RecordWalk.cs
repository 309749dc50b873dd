using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Verification;

/// <summary>
/// Goes through log, projection and ledger side by side, record by record in the order of their keys. Memory holds one
/// record, however long the log is.
/// </summary>
internal sealed class RecordWalk(
    VerifySnapshot snapshot,
    LogShape shape,
    PendingBound bound,
    bool isProjectionKnown,
    FindingList findings
)
{
    private readonly RecordSource _source = new(snapshot.Main, shape, bound);

    public LedgerJudge Ledger { get; } = new(findings);

    public long Changes { get; private set; }

    public long OwnChanges { get; private set; }

    /// <returns>How many records there are, in the log or in the projection.</returns>
    public async Task<long> AgentsAsync(CancellationToken cancellationToken)
    {
        await using var changes = await ChangesAsync(RecordKey.AgentsTable, cancellationToken);
        await using var projection = await ProjectionAsync(
            "VerifyAgents",
            VerifyRows.ReadAgent,
            cancellationToken
        );
        return await WalkAsync(changes, projection, null, cancellationToken);
    }

    /// <returns>How many records there are, in the log or in the projection.</returns>
    public async Task<long> MissionsAsync(CancellationToken cancellationToken)
    {
        await using var changes = await ChangesAsync(RecordKey.MissionsTable, cancellationToken);
        await using var projection = await ProjectionAsync(
            "VerifyMissions",
            VerifyRows.ReadMission,
            cancellationToken
        );
        await using var runs = await snapshot.StreamAsync(
            Sql.Get("VerifyRuns"),
            _ => { },
            VerifyRows.ReadRun,
            run => run.Key,
            cancellationToken
        );
        return await WalkAsync(changes, projection, runs, cancellationToken);
    }

    private async Task<long> WalkAsync(
        KeyedStream<LoggedChange> changes,
        KeyedStream<ProjectedRecord> projection,
        KeyedStream<LoggedRun>? runs,
        CancellationToken cancellationToken
    )
    {
        var records = 0L;
        while (KeyOrder.Lesser(KeyOrder.Lesser(changes.Key, projection.Key), runs?.Key) is { } key)
        {
            var stored = await projection.TakeAsync(key, cancellationToken);
            var audit = new RecordAudit(
                shape.Generation,
                key,
                stored,
                await RunsAsync(runs, key, cancellationToken)
            );
            while (changes.Key == key)
            {
                audit.Add(changes.Current!);
                await changes.MoveAsync(cancellationToken);
            }

            await JudgeAsync(audit, cancellationToken);
            records += audit.Rows > 0 || stored is not null ? 1 : 0;
        }

        return records;
    }

    private static async Task<IReadOnlyList<LoggedRun>> RunsAsync(
        KeyedStream<LoggedRun>? runs,
        RecordKey key,
        CancellationToken cancellationToken
    )
    {
        var own = new List<LoggedRun>();
        while (runs is not null && await runs.TakeAsync(key, cancellationToken) is { } run)
        {
            own.Add(run);
        }

        return own;
    }

    private async Task JudgeAsync(RecordAudit audit, CancellationToken cancellationToken)
    {
        Changes += audit.Rows;
        OwnChanges += audit.OwnRows;
        audit.MovedBack.ForEach(findings.Add);
        Ledger.Judge(audit.Runs);
        await new IterationJudge(_source, findings).JudgeAsync(audit, isProjectionKnown, cancellationToken);
        if (isProjectionKnown)
        {
            await new ProjectionJudge(_source, findings).JudgeAsync(audit, cancellationToken);
        }
    }

    private Task<KeyedStream<LoggedChange>> ChangesAsync(string table, CancellationToken cancellationToken) =>
        snapshot.StreamAsync(
            shape.Statement("VerifyChanges"),
            command =>
                command
                    .Add("table", table)
                    .Add("xmin", bound.Xmin)
                    .Add("since", bound.Since)
                    .Add("id_bytes_max", RecordKey.RecordIdBytesMax),
            VerifyRows.ReadChange,
            change => change.Row.Key,
            cancellationToken
        );

    private Task<KeyedStream<ProjectedRecord>> ProjectionAsync(
        string statement,
        Func<Npgsql.NpgsqlDataReader, ProjectedRecord> read,
        CancellationToken cancellationToken
    ) =>
        snapshot.StreamAsync(
            Sql.Get(statement),
            _ => { },
            read,
            record => record.Stored.Key,
            cancellationToken
        );
}
