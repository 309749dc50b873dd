using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Verification;

/// <summary>
/// Folds one record from nothing, row by row, and keeps what the judgements need: the record with all visible rows, the
/// one without those that the feed has still to fold, and which rows of ours there were. Pure.
/// </summary>
internal sealed class RecordAudit
{
    private readonly LogGeneration _generation;
    private readonly Dictionary<Guid, LoggedRun> _runsByChange;
    private readonly HashSet<long> _written = [];
    private readonly HashSet<long> _writtenWithoutIteration = [];
    private readonly HashSet<DateTimeOffset> _nextRunAts = [];
    private readonly RecordProjection _all;
    private RecordProjection? _folded;
    private bool _hasFolded;

    public RecordAudit(
        LogGeneration generation,
        RecordKey key,
        ProjectedRecord? stored,
        IReadOnlyList<LoggedRun> runs
    )
    {
        (_generation, Key, Stored, Runs) = (generation, key, stored, runs);
        _all = new RecordProjection(generation, key);
        _runsByChange = [];
        foreach (var run in runs)
        {
            _runsByChange.TryAdd(run.Occurrence.ChangeId, run);
        }
    }

    public RecordKey Key { get; }

    /// <summary>The record as the projection has it; null where it has none.</summary>
    public ProjectedRecord? Stored { get; }

    public IReadOnlyList<LoggedRun> Runs { get; }

    public long Rows { get; private set; }

    public long OwnRows { get; private set; }

    /// <summary>The created_at of the oldest row that the log still has.</summary>
    public DateTimeOffset? OldestAt { get; private set; }

    public bool HasPending => _folded is not null;

    /// <summary>Whether the row is still there at which the projection stands.</summary>
    public bool HasPosition { get; private set; }

    /// <summary>I8: rows of ours that moved nextRunAt back.</summary>
    public List<Finding> MovedBack { get; } = [];

    public void Add(LoggedChange change)
    {
        OldestAt ??= change.Row.Position.CreatedAt;
        HasPosition |= change.Row.Position.Id == Stored?.Stored.Position.Id;
        if (change.IsOwn)
        {
            OwnRows++;
            if (ScheduleJudge.Judge(change.Row, _all.Fold, Runs, _runsByChange, _nextRunAts) is { } finding)
            {
                MovedBack.Add(finding);
            }
        }

        if (ScheduleJudge.NextRunAt(change.Row) is { } nextRunAt)
        {
            _nextRunAts.Add(nextRunAt);
        }

        if (_runsByChange.TryGetValue(change.Row.Position.Id, out var run))
        {
            var holds = change.Row.Data is { } data && Iterations.MayHold(data, run.Occurrence.IterationId);
            (holds ? _written : _writtenWithoutIteration).Add(run.RunId);
        }

        if (change.IsPending)
        {
            Fork();
        }
        else
        {
            _folded?.Add(change.Row);
            _hasFolded = true;
        }

        _all.Add(change.Row);
        Rows++;
    }

    /// <summary>The record with all visible rows folded; null where the log has none.</summary>
    public ProjectedRecord? All() => Rows > 0 ? _all.ToRecord() : null;

    /// <summary>The same without the rows that are still to be folded.</summary>
    public ProjectedRecord? Folded()
    {
        if (_folded is null)
        {
            return All();
        }

        return _hasFolded ? _folded.ToRecord() : null;
    }

    public bool IsWritten(LoggedRun run) => _written.Contains(run.RunId);

    public bool IsWrittenWithoutIteration(LoggedRun run) => _writtenWithoutIteration.Contains(run.RunId);

    /// <summary>From the first pending row on there are two folds.</summary>
    private void Fork() =>
        _folded ??=
            Rows > 0
                ? new RecordProjection(_generation, _all.ToRecord().Stored)
                : new RecordProjection(_generation, Key);
}
