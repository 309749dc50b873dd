using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Verification;

/// <summary>What a verification looked at, and what it found.</summary>
/// <param name="Findings">What is wrong first; of each severity no more than the options keep.</param>
/// <param name="Notes">What was not judged, and why.</param>
public sealed record VerifyReport(Looked Looked, IReadOnlyList<Finding> Findings, IReadOnlyList<string> Notes)
{
    /// <summary>Whether every invariant holds. What was overwritten, lost or is pending does not count.</summary>
    public bool IsOk => Count(Severity.Wrong) == 0;

    /// <summary>All findings, the ones that were not kept included.</summary>
    public IReadOnlyDictionary<Severity, long> Counts { get; init; } = new Dictionary<Severity, long>();

    /// <summary>The records that differ from what the log folds into now.</summary>
    public IReadOnlyCollection<RecordKey> ToFoldAgain { get; init; } = [];

    public long Count(Severity severity) => Counts.GetValueOrDefault(severity);
}

/// <summary>How much a verification looked at, all of it in one snapshot.</summary>
public sealed record Looked
{
    /// <summary>The database's clock when the snapshot was taken.</summary>
    public DateTimeOffset At { get; init; }

    public TimeSpan Took { get; init; }

    public LogGeneration Generation { get; init; }

    /// <summary>Rows of the change log, of missions and agents.</summary>
    public long Changes { get; init; }

    /// <summary>Those of them that this service wrote.</summary>
    public long OwnChanges { get; init; }

    public long Missions { get; init; }

    public long Agents { get; init; }

    /// <summary>Occurrences by verdict; `open` are those without one.</summary>
    public IReadOnlyDictionary<string, long> Runs { get; init; } =
        new Dictionary<string, long>(StringComparer.Ordinal);
}
