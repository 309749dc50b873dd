using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Verification;

/// <summary>Collects findings in bounded memory: all are counted, and of each severity the first ones are kept.</summary>
internal sealed class FindingList(int keptMax)
{
    /// <summary>Beyond this many, folding everything from nothing is the shorter way.</summary>
    public const int RefoldMax = 100_000;

    private readonly Dictionary<Severity, List<Finding>> _kept = [];
    private readonly Dictionary<Severity, long> _counts = [];
    private readonly HashSet<RecordKey> _toFoldAgain = [];

    public void Add(Finding finding)
    {
        _counts[finding.Severity] = _counts.GetValueOrDefault(finding.Severity) + 1;
        if (!_kept.TryGetValue(finding.Severity, out var kept))
        {
            _kept[finding.Severity] = kept = [];
        }

        if (kept.Count < keptMax)
        {
            kept.Add(finding);
        }
    }

    /// <summary>This record would be right again, or as the log has it now, if it were folded from the log.</summary>
    public void FoldAgain(RecordKey key)
    {
        if (_toFoldAgain.Count < RefoldMax)
        {
            _toFoldAgain.Add(key);
        }
    }

    /// <summary>What is wrong comes first.</summary>
    public IReadOnlyList<Finding> Findings =>
        [.. _kept.OrderBy(severity => severity.Key).SelectMany(severity => severity.Value)];

    public IReadOnlyDictionary<Severity, long> Counts => _counts;

    public IReadOnlyCollection<RecordKey> ToFoldAgain => _toFoldAgain;
}
