namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// Rows of one user, table and instant, which the log gives in any order, put into that of the fold. That is mostly one
/// row; where a device sent many in one transaction, all of them.
/// </summary>
/// <param name="bytesMax">JSON that may be in hand; a single row may have more.</param>
internal sealed class TiedRows(long bytesMax)
{
    private readonly List<ChangeRow> _rows = [];
    private UserTable? _tooMany;
    private long _bytes;

    /// <returns>false where they are too many: then also for all that come after them of the same user and table.</returns>
    public bool TryAdd(ChangeRow row)
    {
        if (row.Key.UserTable == _tooMany)
        {
            return false;
        }

        _tooMany = null;
        _bytes += row.JsonBytes;
        if (_rows.Count > 0 && _bytes > bytesMax)
        {
            _tooMany = row.Key.UserTable;
            return false;
        }

        _rows.Add(row);
        return true;
    }

    /// <summary>Hands out what is here, to be gone through before the next row is added.</summary>
    public IEnumerable<ChangeRow> TakeInOrder()
    {
        if (_rows.Count > 1)
        {
            _rows.Sort((left, right) => left.Position.CompareTo(right.Position));
        }

        foreach (var row in _rows)
        {
            yield return row;
        }

        _rows.Clear();
        _bytes = 0;
    }
}
