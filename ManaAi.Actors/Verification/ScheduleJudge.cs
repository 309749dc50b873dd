using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Verification;

/// <summary>I8: nextRunAt never moves back by our writes. Pure.</summary>
internal static class ScheduleJudge
{
    /// <param name="before">The record just before this row, in the order of the fold.</param>
    /// <param name="runs">The mission's occurrences.</param>
    /// <param name="runsByChange">Those by the id of the row that carries their iteration.</param>
    /// <returns>null where it did not move back, or the row does not move it.</returns>
    public static Finding? Judge(
        ChangeRow row,
        RecordFold before,
        IReadOnlyList<LoggedRun> runs,
        Dictionary<Guid, LoggedRun> runsByChange
    )
    {
        if (
            Find(row) is not { } field
            || ChangeDecoder.TextOf(field.Json) is not { } text
            || IsoText.Parse(text) is not { } next
        )
        {
            return null; // null clears it, and that is allowed.
        }

        var was = before.Text("nextRunAt") is { } beforeText ? IsoText.Parse(beforeText) : null;
        if (!(next < was))
        {
            return null;
        }

        var run = runsByChange.GetValueOrDefault(row.Position.Id) ?? FindRun(row, field.Time, runs);
        return run is not null && next >= run.Occurrence.DueAt
            ? Crossed(row, run)
            : MovedBack(row, run, was.Value, next);
    }

    private static ChangedField? Find(ChangeRow row)
    {
        if (row.Data is not { } data || data.Span.IndexOf("\"nextRunAt\""u8) < 0 || row.IsNewerSchema)
        {
            return null;
        }

        var fields = (ChangeDecoder.Decode(row) as DecodedChange.Sound)?.Change.Fields ?? [];
        return fields.Where(field => field.Name == "nextRunAt").Cast<ChangedField?>().FirstOrDefault();
    }

    /// <summary>A row that moves only the schedule names its occurrence by its id too.</summary>
    private static LoggedRun? FindRun(ChangeRow row, string stamp, IReadOnlyList<LoggedRun> runs) =>
        runs.FirstOrDefault(run => run.Occurrence.ScheduleChangeId(stamp) == row.Position.Id);

    /// <summary>
    /// It was written under a guard that nextRunAt stood at its occurrence, and went on from there. What stands before
    /// it now came into the log, behind it in time but before it in order, after it was written.
    /// </summary>
    private static Finding Crossed(ChangeRow row, LoggedRun run) =>
        run.Finding(
            "I8",
            "crossed",
            Severity.Overwritten,
            "a device's row that became visible only afterwards had set a later nextRunAt; nothing to do"
        ) with
        {
            ChangeId = row.Position.Id,
        };

    private static Finding MovedBack(
        ChangeRow row,
        LoggedRun? run,
        DateTimeOffset was,
        DateTimeOffset next
    ) =>
        new(
            "I8",
            "moved-back",
            Severity.Wrong,
            $"this row moved nextRunAt back from {IsoText.Milliseconds(was)} to {IsoText.Milliseconds(next)}"
        )
        {
            Record = row.Key,
            ChangeId = row.Position.Id,
            RunId = run?.RunId,
            DueAt = run?.Occurrence.DueAt,
        };
}
