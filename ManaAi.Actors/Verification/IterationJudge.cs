using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Verification;

/// <summary>
/// I1: each occurrence that ended with an iteration has exactly one row in the log, and no folded record holds the
/// iteration twice. That a device's row took its place is told, and is nobody's fault.
/// </summary>
internal sealed class IterationJudge(RecordSource source, FindingList findings)
{
    /// <param name="isProjectionKnown">False where the projection is to be made anew: then it tells nothing.</param>
    public async Task JudgeAsync(
        RecordAudit audit,
        bool isProjectionKnown,
        CancellationToken cancellationToken
    )
    {
        var runs = audit.Runs.Where(run => run.HasIteration).ToArray();
        if (runs.Length == 0)
        {
            return;
        }

        var all = audit.All();
        var inLog = Iterations.CountIn(all);
        var inProjection = isProjectionKnown ? Iterations.CountIn(audit.Stored) : inLog;
        var missing = new List<LoggedRun>();
        foreach (var run in runs)
        {
            await JudgeRowAsync(run, audit, cancellationToken);
            var id = run.Occurrence.IterationId.ToString();
            if (Math.Max(inLog.GetValueOrDefault(id), inProjection.GetValueOrDefault(id)) > 1)
            {
                Add(run, "iteration-twice", Severity.Wrong, "the folded record holds its iteration twice");
            }

            // A mission deleted for good has no iterations, and that is what its user wanted.
            if (
                audit.IsWritten(run)
                && all?.Stored.Record is not null
                && !inLog.ContainsKey(id)
                && !inProjection.ContainsKey(id)
            )
            {
                missing.Add(run);
            }
        }

        if (missing.Count > 0)
        {
            await JudgeMissingAsync(missing, audit.Key, cancellationToken);
        }
    }

    private async Task JudgeRowAsync(LoggedRun run, RecordAudit audit, CancellationToken cancellationToken)
    {
        if (run.IterationId != run.Occurrence.IterationId)
        {
            Add(run, "iteration-id", Severity.Wrong, "its iteration_id is not the one of its occurrence");
        }

        if (audit.IsWritten(run))
        {
            return;
        }

        if (audit.IsWrittenWithoutIteration(run))
        {
            Add(
                run,
                "row-without-iteration",
                Severity.Wrong,
                "the log's row under its id lacks the iteration"
            );
        }
        else if (await source.FindChangeAsync(run.Occurrence.ChangeId, cancellationToken) is { } elsewhere)
        {
            Add(run, "row-elsewhere", Severity.Wrong, $"the row under its id belongs to {elsewhere}");
        }
        else if (IsLostToMaintenance(run, audit))
        {
            Add(
                run,
                "row-lost",
                Severity.Lost,
                "its row is gone with the older rows of this record; nothing to do"
            );
        }
        else
        {
            Add(
                run,
                "row-missing",
                Severity.Wrong,
                "the log has older rows of this record but not its row: it was never written, or taken out by hand"
            );
        }
    }

    /// <summary>
    /// Maintenance takes what is old: where nothing is left that is older than this run's end, it took this row too. It
    /// also did where another row is gone, the one at which the projection stands.
    /// </summary>
    private static bool IsLostToMaintenance(LoggedRun run, RecordAudit audit) =>
        audit.OldestAt is null
        || audit.OldestAt > run.ClosedAt
        || (
            audit.Stored is { } stored
            && !audit.HasPosition
            && !audit.Runs.Any(one => one.Occurrence.ChangeId == stored.Stored.Position.Id)
        );

    /// <summary>Folds the record once more and watches which row each iteration was dropped by.</summary>
    private async Task JudgeMissingAsync(
        List<LoggedRun> missing,
        RecordKey key,
        CancellationToken cancellationToken
    )
    {
        var projection = new RecordProjection(source.Generation, key);
        var holder = default(LoggedChange);
        var present = new HashSet<string>(StringComparer.Ordinal);
        var droppedBy = new Dictionary<string, (LoggedChange? By, bool IsFromOwn)>(StringComparer.Ordinal);
        await source.ForEachAsync(
            key,
            change =>
            {
                var before = projection.Fold["iterations"];
                projection.Add(change.Row);
                var after = projection.Fold["iterations"];
                if (before.Equals(after))
                {
                    return;
                }

                var now = Iterations.Count(after).Keys.ToHashSet(StringComparer.Ordinal);
                foreach (var id in present.Where(id => !now.Contains(id)))
                {
                    droppedBy[id] = (change, IsFromOwn: holder is { IsOwn: true });
                }

                (present, holder) = (now, change);
            },
            cancellationToken
        );
        foreach (var run in missing)
        {
            AddMissing(run, droppedBy.GetValueOrDefault(run.Occurrence.IterationId.ToString()));
        }
    }

    private void AddMissing(LoggedRun run, (LoggedChange? By, bool IsFromOwn) dropped)
    {
        if (dropped is { By: { IsOwn: true } own, IsFromOwn: true })
        {
            // Nothing of a device stands between two rows of ours: the second saw the first.
            Add(run, "dropped", Severity.Wrong, $"our own row {own.Row.Position.Id} left its iteration out");
            return;
        }

        var by = dropped.By is { } row ? $"row {row.Row.Position.Id}" : "a row with a later stamp";
        Add(
            run,
            "overwritten",
            Severity.Overwritten,
            $"{by} replaced the mission's iterations without it; the log still holds it"
        );
    }

    private void Add(LoggedRun run, string kind, Severity severity, string message) =>
        findings.Add(run.Finding("I1", kind, severity, message) with { ChangeId = run.Occurrence.ChangeId });
}
