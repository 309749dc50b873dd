using ManaAi.Actors.Missions;

namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// A stretch of the whole log, by record and in the order of the fold. It ends where it is full, also within a record,
/// whose next rows go on from what the first ones made: so a record of many changes needs no more memory than others.
/// </summary>
internal sealed class WholeLogBatch(FeedOptions options)
{
    private readonly List<(RecordKey Key, List<ChangeRow> Rows)> _records = [];
    private readonly List<ChangeRow> _nearSnapshot = [];
    private long _bytes;

    public int Rows { get; private set; }

    public bool IsFull => Rows >= options.WholeRowsMax || _bytes >= options.WholeBytesMax;

    /// <summary>The next batch goes on with this one's last record.</summary>
    public bool IsLastOpen { get; set; }

    /// <summary>Rows that the next read would ask for again.</summary>
    public IReadOnlyList<ChangeRow> NearSnapshot => _nearSnapshot;

    /// <param name="open">What the batch before made of the record that it left open.</param>
    public IEnumerable<RecordWork> Works(StoredRecord? open) =>
        _records
            .Where(record => record.Key.RecordId.Length > 0)
            .Select(record => new RecordWork(record.Key, record.Key == open?.Key ? open : null, record.Rows));

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
