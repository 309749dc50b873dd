using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Verification;

/// <summary>
/// In what a stored record differs from the fold of its rows, part by part, and whether rows that are gone from the log
/// explain it: a field whose time is in no row that is left, and that would have won, came from such a row. Pure.
/// </summary>
internal sealed class RecordDifference
{
    private readonly ProjectedRecord? _stored;
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _fields;
    private readonly Dictionary<string, string> _times;
    private readonly HashSet<string> _seenTimes = new(StringComparer.Ordinal);
    private bool _hasPosition;
    private int _newerSchemaSeen;

    public RecordDifference(ProjectedRecord stored)
    {
        _stored = stored;
        _fields = FieldsOf(stored);
        _times = TimesOf(stored);
    }

    private RecordDifference(string wrong)
    {
        (_fields, _times) = ([], []);
        Wrong.Add(wrong);
    }

    /// <summary>The log has the record, and the projection has not.</summary>
    public static RecordDifference Missing => new("the whole record");

    /// <summary>Parts that no lost row explains.</summary>
    public List<string> Wrong { get; } = [];

    /// <summary>Parts that came from rows which are gone.</summary>
    public List<string> Lost { get; } = [];

    /// <summary>Takes in each row that the log has of the record.</summary>
    public void See(ChangeRow row)
    {
        var stored = _stored!.Stored;
        _hasPosition |= row.Position.Id == stored.Position.Id;
        if (row.IsNewerSchema)
        {
            _newerSchemaSeen = Math.Max(_newerSchemaSeen, row.SchemaVersion);
        }
        else if (ChangeDecoder.Decode(row) is DecodedChange.Sound { Change: var change })
        {
            foreach (var field in change.Fields)
            {
                SeeTime(field.Name, field.Time);
            }

            if (change.DeletedAt is { } deletedAt)
            {
                SeeTime("deletedAt", deletedAt);
                SeeTime("updatedAt", deletedAt);
            }
        }
    }

    /// <param name="folded">What the rows that are left fold into; null where none is left.</param>
    public void Compare(ProjectedRecord? folded, LogGeneration generation)
    {
        var stored = _stored!;
        if (stored.Stored.Record is null && folded?.Stored.Record is null && !_hasPosition)
        {
            return; // A tombstone of which nothing is left but itself: there is nothing to put right.
        }

        CompareFields(folded);
        CompareOwnColumns(stored, generation);
        var position = folded?.Stored.Position;
        Judge("the position", position == stored.Stored.Position, isLost: !_hasPosition);
        Judge(
            "the newer schema",
            (folded?.Stored.NewerSchema ?? 0) == (stored.Stored.NewerSchema ?? 0),
            isLost: stored.Stored.NewerSchema > _newerSchemaSeen
        );
        if (stored.Mission is not null)
        {
            Judge(
                "iterations_at",
                folded?.Stored.IterationsAt == stored.Stored.IterationsAt,
                isLost: Lost.Contains("iterations", StringComparer.Ordinal)
            );
        }
    }

    private static Dictionary<string, ReadOnlyMemory<byte>> FieldsOf(ProjectedRecord? record)
    {
        var fields =
            ChangeDecoder.ReadData(record?.Stored.Record)?.ToDictionary(StringComparer.Ordinal) ?? [];
        fields.Remove("id");
        return fields;
    }

    private static Dictionary<string, string> TimesOf(ProjectedRecord? record) =>
        ChangeDecoder.ReadTimes(record?.Stored.FieldTimes)?.ToDictionary(StringComparer.Ordinal) ?? [];

    private void CompareFields(ProjectedRecord? folded)
    {
        var others = FieldsOf(folded);
        var otherTimes = TimesOf(folded);
        foreach (var (name, json) in _fields)
        {
            var time = _times.GetValueOrDefault(name) ?? "";
            var otherTime = otherTimes.GetValueOrDefault(name) ?? "";
            var isSame =
                others.TryGetValue(name, out var other)
                && RecordComparison.IsSameValue(json, other)
                && time == otherTime;
            var isFromLostRow = _times.ContainsKey(name) && !_seenTimes.Contains(name);
            Judge(name, isSame, isLost: isFromLostRow && FieldClock.Wins(time, otherTime));
        }

        // A record that a lost row deleted for good has none of these.
        var isDeletionLost = _stored!.Stored.Record is null && !_hasPosition;
        foreach (var name in others.Keys.Where(name => !_fields.ContainsKey(name)))
        {
            Judge(name, isSame: false, isDeletionLost);
        }
    }

    /// <summary>The columns are drawn from the stored record itself, so no row explains what they say otherwise.</summary>
    private void CompareOwnColumns(ProjectedRecord stored, LogGeneration generation)
    {
        var fold = RecordFold.Resume(
            generation,
            stored.Stored.Record,
            stored.Stored.FieldTimes,
            stored.Stored.IterationsAt
        );
        var drawn = stored.Mission is null
            ? stored with
            {
                Agent = AgentState.Of(fold),
            }
            : stored with
            {
                Mission = MissionState.Of(fold, stored.Stored.NewerSchema),
            };
        Judge("its columns", RecordComparison.HasSameColumns(stored, drawn), isLost: false);
    }

    private void Judge(string part, bool isSame, bool isLost)
    {
        if (!isSame)
        {
            (isLost ? Lost : Wrong).Add(part);
        }
    }

    private void SeeTime(string name, string time)
    {
        if (_times.GetValueOrDefault(name) == time)
        {
            _seenTimes.Add(name);
        }
    }
}
