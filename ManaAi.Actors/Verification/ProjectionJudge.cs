using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Verification;

/// <summary>
/// I5: the projection of a record is the fold of its rows from nothing, those apart that the feed has still to fold.
/// Where it is not, the log is asked whether it has lost the rows that would explain it.
/// </summary>
internal sealed class ProjectionJudge(RecordSource source, FindingList findings)
{
    // A line that can be read; records have as many fields as devices like.
    private const int PartsMax = 8;

    private const string Remedy = "`mana-ai verify --refold` folds it again from the log";

    public async Task JudgeAsync(RecordAudit audit, CancellationToken cancellationToken)
    {
        var folded = audit.Folded();
        if (IsSame(audit.Stored, folded))
        {
            if (audit.HasPending)
            {
                Add(audit, "pending", Severity.Pending, "the next tick folds rows that became visible since");
            }

            return;
        }

        if (audit.HasPending && IsSame(audit.Stored, audit.All()))
        {
            return; // Folded already, and will be once more: that is slower, and right.
        }

        var difference = await DifferenceAsync(audit, folded, cancellationToken);
        if (difference.Wrong.Count > 0)
        {
            Add(
                audit,
                "projection",
                Severity.Wrong,
                $"{Parts(difference.Wrong)}: not what the log folds into; {Remedy}"
            );
        }
        else if (difference.Lost.Count > 0)
        {
            Add(
                audit,
                "log-lost-rows",
                Severity.Lost,
                $"{Parts(difference.Lost)}: from rows that the log no longer has; {Remedy}, "
                    + "to what a new device would see"
            );
        }
    }

    private static bool IsSame(ProjectedRecord? stored, ProjectedRecord? folded) =>
        stored is null || folded is null
            ? stored is null && folded is null
            : RecordComparison.IsSame(stored, folded);

    private async Task<RecordDifference> DifferenceAsync(
        RecordAudit audit,
        ProjectedRecord? folded,
        CancellationToken cancellationToken
    )
    {
        if (audit.Stored is not { } stored)
        {
            return RecordDifference.Missing;
        }

        var difference = new RecordDifference(stored);
        await source.ForEachAsync(audit.Key, change => difference.See(change.Row), cancellationToken);
        difference.Compare(folded, source.Generation);
        return difference;
    }

    private static string Parts(List<string> parts) =>
        parts.Count <= PartsMax
            ? string.Join(", ", parts)
            : $"{string.Join(", ", parts.Take(PartsMax))} and others";

    private void Add(RecordAudit audit, string kind, Severity severity, string message)
    {
        findings.Add(new Finding("I5", kind, severity, message) { Record = audit.Key });
        if (severity is Severity.Wrong or Severity.Lost)
        {
            findings.FoldAgain(audit.Key);
        }
    }
}
