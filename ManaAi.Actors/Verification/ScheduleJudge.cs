using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Verification;

/// <summary>I8: nextRunAt never moves back by our writes. Pure.</summary>
internal static class ScheduleJudge
{
    /// <param name="before">The record just before this row, in the order of the fold.</param>
    /// <param name="runs">The mission's occurrences, as far as the ledger still has them.</param>
    /// <param name="runsByChange">Those by the id of the row that carries their iteration.</param>
    /// <param name="dueAts">What rows before this one set nextRunAt to.</param>
    /// <returns>null where it did not move back, or the row does not move it.</returns>
    public static Finding? Judge(
        ChangeRow row,
        RecordFold before,
        IReadOnlyList<LoggedRun> runs,
        Dictionary<Guid, LoggedRun> runsByChange,
        IEnumerable<DateTimeOffset> dueAts
    )
    {
        if (Find(row) is not { } field || InstantOf(field) is not { } next)
        {
            return null; // null clears it, and that is allowed.
        }

        var was = before.Text("nextRunAt") is { } beforeText ? IsoText.Parse(beforeText) : null;
        if (!(next < was))
        {
            return null;
        }

        var run =
            runsByChange.GetValueOrDefault(row.Position.Id)
            ?? runs.FirstOrDefault(run => IsOf(row, field, run.Occurrence));
        var dueAt = run?.Occurrence.DueAt ?? FindDueAt(row, field, dueAts);
        var finding = next >= dueAt ? Crossed() : MovedBack(was.Value, next);
        return finding with
        {
            Record = row.Key,
            ChangeId = row.Position.Id,
            RunId = run?.RunId,
            DueAt = dueAt,
        };
    }

    /// <summary>What this row sets nextRunAt to; null where it does not, or clears it.</summary>
    public static DateTimeOffset? NextRunAt(ChangeRow row) =>
        Find(row) is { } field ? InstantOf(field) : null;

    private static ChangedField? Find(ChangeRow row)
    {
        if (row.Data is not { } data || data.Span.IndexOf("\"nextRunAt\""u8) < 0 || row.IsNewerSchema)
        {
            return null;
        }

        var fields = (ChangeDecoder.Decode(row) as DecodedChange.Sound)?.Change.Fields ?? [];
        return fields.Where(field => field.Name == "nextRunAt").Cast<ChangedField?>().FirstOrDefault();
    }

    private static DateTimeOffset? InstantOf(ChangedField field) =>
        ChangeDecoder.TextOf(field.Json) is { } text ? IsoText.Parse(text) : null;

    /// <summary>
    /// The ledger forgets runs, the log does not: the row's id is made of its occurrence, which some row before it made due.
    /// </summary>
    private static DateTimeOffset? FindDueAt(
        ChangeRow row,
        ChangedField field,
        IEnumerable<DateTimeOffset> dueAts
    )
    {
        var mission = new MissionKey(new UserId(row.Key.UserId), new MissionId(row.Key.RecordId));
        return dueAts
            .Where(dueAt =>
                new Occurrence(mission, dueAt) is var occurrence
                && (occurrence.ChangeId == row.Position.Id || IsOf(row, field, occurrence))
            )
            .Cast<DateTimeOffset?>()
            .FirstOrDefault();
    }

    /// <summary>A row that moves only the schedule names its occurrence by its id too.</summary>
    private static bool IsOf(ChangeRow row, ChangedField field, Occurrence occurrence) =>
        occurrence.ScheduleChangeId(field.Time) == row.Position.Id;

    /// <summary>
    /// It was written under a guard that nextRunAt stood at its occurrence, and went on from there. What stands before
    /// it now came into the log, behind it in time but before it in order, after it was written.
    /// </summary>
    private static Finding Crossed() =>
        new(
            "I8",
            "crossed",
            Severity.Overwritten,
            "a device's row that became visible only afterwards had set a later nextRunAt; nothing to do"
        );

    private static Finding MovedBack(DateTimeOffset was, DateTimeOffset next) =>
        new(
            "I8",
            "moved-back",
            Severity.Wrong,
            $"this row moved nextRunAt back from {IsoText.Milliseconds(was)} to {IsoText.Milliseconds(next)}"
        );
}
