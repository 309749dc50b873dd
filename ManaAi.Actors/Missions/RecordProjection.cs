using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Missions;

/// <summary>A record as the projection keeps it.</summary>
/// <param name="Record">null where nothing is left: the row stays as a tombstone, since it holds the position.</param>
/// <param name="Position">The last change seen, whether or not it had an effect.</param>
/// <param name="NewerSchema">The highest schema_version seen that is too new for us.</param>
public sealed record StoredRecord(
    RecordKey Key,
    ReadOnlyMemory<byte>? Record,
    ReadOnlyMemory<byte>? FieldTimes,
    ChangePosition Position,
    int? NewerSchema,
    DateTimeOffset? IterationsAt
)
{
    public long JsonBytes => (Record?.Length ?? 0L) + (FieldTimes?.Length ?? 0L);
}

/// <summary>A stored record and the columns that are drawn from it: one of the two states, by its table.</summary>
public sealed record ProjectedRecord(StoredRecord Stored, MissionState? Mission, AgentState? Agent);

/// <summary>A row that was not folded, and why. It holds nothing of the row's data.</summary>
public sealed record UnfoldedRow(RecordKey Key, Guid ChangeId, string Reason, int? NewerSchema);

/// <summary>
/// Folds rows onto one record and keeps what the projection needs beside it. Rows come in (created_at, id) order,
/// none of them behind the position it starts from.
/// </summary>
public sealed class RecordProjection
{
    private readonly RecordKey _key;
    private readonly RecordFold _fold;
    private readonly List<UnfoldedRow> _unfolded = [];
    private ChangePosition _position;
    private int? _newerSchema;

    /// <summary>Starts from nothing.</summary>
    public RecordProjection(LogGeneration generation, RecordKey key)
    {
        _key = key;
        _fold = new RecordFold(generation);
    }

    /// <summary>Goes on from a stored record.</summary>
    public RecordProjection(LogGeneration generation, StoredRecord stored)
    {
        _key = stored.Key;
        _fold = RecordFold.Resume(generation, stored.Record, stored.FieldTimes, stored.IterationsAt);
        _position = stored.Position;
        _newerSchema = stored.NewerSchema;
    }

    public RecordFold Fold => _fold;

    public ChangePosition Position => _position;

    /// <summary>Rows that did nothing because they cannot be decoded or are too new.</summary>
    public IReadOnlyList<UnfoldedRow> Unfolded => _unfolded;

    public void Add(ChangeRow row)
    {
        _position = row.Position;
        if (row.IsNewerSchema)
        {
            _newerSchema = Math.Max(_newerSchema ?? 0, row.SchemaVersion);
            _unfolded.Add(
                new UnfoldedRow(_key, row.Position.Id, "its schema_version is too new", row.SchemaVersion)
            );
            return;
        }

        switch (ChangeDecoder.Decode(row))
        {
            case DecodedChange.Sound sound:
                _fold.Apply(sound.Change);
                break;
            case DecodedChange.Undecodable undecodable:
                _unfolded.Add(new UnfoldedRow(_key, row.Position.Id, undecodable.Reason, null));
                break;
        }
    }

    public MissionState MissionState() => Missions.MissionState.Of(_fold, _newerSchema);

    public ProjectedRecord ToRecord()
    {
        var isMission = _key.TableName == RecordKey.MissionsTable;
        var stored = new StoredRecord(
            _key,
            _fold.RecordJson(_key.RecordId),
            _fold.FieldTimesJson(),
            _position,
            _newerSchema,
            _fold.IterationsAt
        );
        return new ProjectedRecord(
            stored,
            isMission ? MissionState() : null,
            isMission ? null : AgentState.Of(_fold)
        );
    }
}
