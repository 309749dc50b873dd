namespace ManaAi.Actors.Verification;

/// <summary>I2: every occurrence is open or has exactly one verdict, and at most one of a mission is open.</summary>
internal sealed class LedgerJudge(FindingList findings)
{
    private static readonly string[] Verdicts = ["planned", "empty", "failed", "skipped", "superseded"];

    private readonly Dictionary<string, long> _sums = new(StringComparer.Ordinal) { ["open"] = 0 };

    /// <summary>How many ended how.</summary>
    public IReadOnlyDictionary<string, long> Sums => _sums;

    /// <param name="runs">All of one mission.</param>
    public void Judge(IReadOnlyList<LoggedRun> runs)
    {
        var open = 0;
        var instants = new HashSet<DateTimeOffset>();
        foreach (var run in runs)
        {
            var word = run.Verdict ?? "open";
            _sums[word] = _sums.GetValueOrDefault(word) + 1;
            if (run.Verdict is null && ++open > 1)
            {
                Wrong(run, "two-open", "another occurrence of this mission is open too; close one of them");
            }

            if (!instants.Add(run.Occurrence.DueAt))
            {
                Wrong(run, "two-runs", "its occurrence has another row in the ledger");
            }

            if (run.Verdict is not null && !Verdicts.Contains(run.Verdict))
            {
                Wrong(run, "unknown-verdict", "its verdict is none of the five, so the sums do not add up");
            }

            if (run.Verdict is null != run.ClosedAt is null || (run.Verdict is not null && run.HasLease))
            {
                Wrong(
                    run,
                    "half-closed",
                    "it is neither open nor closed: see verdict, closed_at, lease_until"
                );
            }
        }
    }

    private void Wrong(LoggedRun run, string kind, string message) =>
        findings.Add(run.Finding("I2", kind, Severity.Wrong, message));
}
