using ManaAi.Actors.Missions;

namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// A stretch of the whole log, which comes user by user and table by table, each in the order of the fold. It ends
/// between two of them where it can, and within one where that is too long: the next batch goes on from what the first
/// rows made.
/// </summary>
internal sealed class WholeLogBatch(FeedOptions options)
{
    // From here on it is worth its trouble, and ends with a user.
    private const int FewestParts = 4;

    private readonly List<(RecordKey Key, List<ChangeRow> Rows)> _records = [];
    private readonly Dictionary<string, List<ChangeRow>> _ofLast = new(StringComparer.Ordinal);
    private readonly List<ChangeRow> _nearSnapshot = [];
    private readonly HashSet<UserTable> _leftOut = [];
    private int _held;
    private long _bytes;

    /// <summary>How many rows of the log it stands for, also where they are read another time.</summary>
    public int Rows { get; private set; }

    /// <summary>Whose rows came last: they may go on in the next batch.</summary>
    public UserTable Last { get; private set; }

    /// <summary>Whose rows are not here, or not all of them.</summary>
    public IReadOnlySet<UserTable> LeftOut => _leftOut;

    /// <summary>Rows that the next read would ask for again.</summary>
    public IReadOnlyList<ChangeRow> NearSnapshot => _nearSnapshot;

    /// <summary>Whether this row belongs into the next batch.</summary>
    public bool EndsBefore(ChangeRow row) => IsFull(1) || (row.Key.UserTable != Last && IsFull(FewestParts));

    public void Add(ChangeRow row, bool isNearSnapshot)
    {
        if (row.Key.UserTable != Last)
        {
            Last = row.Key.UserTable;
            _ofLast.Clear();
        }

        if (!_ofLast.TryGetValue(row.Key.RecordId, out var rows))
        {
            rows = [];
            _ofLast.Add(row.Key.RecordId, rows);
            _records.Add((row.Key, rows));
        }

        rows.Add(row);
        Rows++;
        _held++;
        _bytes += row.JsonBytes;
        if (isNearSnapshot)
        {
            _nearSnapshot.Add(row with { Data = null, Stamps = null });
        }
    }

    /// <summary>Counts a row that is to be read another time, as all of its user and table.</summary>
    public void LeaveOut(ChangeRow row)
    {
        _leftOut.Add(row.Key.UserTable);
        Rows++;
    }

    /// <param name="open">What the batches before made of the records of their last user and table.</param>
    /// <param name="aside">Whose records are not folded so.</param>
    public IEnumerable<RecordWork> Works(OpenRecords open, IReadOnlySet<UserTable> aside) =>
        _records
            .Where(record => record.Key.RecordId.Length > 0 && !aside.Contains(record.Key.UserTable))
            .Select(record => new RecordWork(record.Key, open.Find(record.Key), record.Rows));

    private bool IsFull(int parts) =>
        _held >= options.WholeRowsMax / parts || _bytes >= options.WholeBytesMax / parts;
}

/// <summary>
/// What is folded of the records of one user in one table, until it is sure that no more rows of theirs come.
/// </summary>
internal sealed class OpenRecords
{
    private readonly Dictionary<RecordKey, FoldedRecord> _records = [];

    public UserTable Owner { get; private set; }

    /// <summary>About what they take in memory.</summary>
    public long Bytes => _records.Values.Sum(record => BytesOf(record));

    public StoredRecord? Find(RecordKey key) => _records.GetValueOrDefault(key)?.Record.Stored;

    /// <summary>Takes what a batch made.</summary>
    /// <param name="last">Whose records stay open; the others are complete.</param>
    /// <returns>The records that are complete now.</returns>
    public IReadOnlyList<FoldedRecord> GoOn(UserTable last, IReadOnlyList<FoldedRecord> folded)
    {
        var complete = new List<FoldedRecord>(folded.Count);
        var open = new List<FoldedRecord>();
        foreach (var record in folded)
        {
            var key = record.Record.Stored.Key;
            var whole = _records.Remove(key, out var before)
                ? record with
                {
                    Unfolded = [.. before.Unfolded, .. record.Unfolded],
                }
                : record;
            (key.UserTable == last ? open : complete).Add(whole);
        }

        if (Owner != last)
        {
            complete.AddRange(_records.Values);
            _records.Clear();
            Owner = last;
        }

        foreach (var record in open)
        {
            _records.Add(record.Record.Stored.Key, record);
        }

        return complete;
    }

    /// <summary>Forgets them.</summary>
    public void Drop() => _records.Clear();

    private static long BytesOf(FoldedRecord record)
    {
        // Objects and texts around the JSON, and around what is told of each row.
        const int Around = 500;
        return Around + record.Record.Stored.JsonBytes + ((long)Around * record.Unfolded.Count);
    }
}
