using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;

namespace ManaAi.Actors.Verification;

/// <summary>
/// Checks on a live database that the invariants I1, I2, I5 and I8 of the design hold. It reads one snapshot and writes
/// nothing, so nodes may fold, plan and write meanwhile.
/// </summary>
public static class Verifier
{
    /// <summary>A tick looks at the log at least this often; one that has not for longer is not at work.</summary>
    private static readonly TimeSpan TickMax = TimeSpan.FromMinutes(15);

    /// <exception cref="Npgsql.NpgsqlException">The database is away.</exception>
    public static async Task<VerifyReport> RunAsync(
        SyncDatabase database,
        LogShape shape,
        VerifyOptions options,
        CancellationToken cancellationToken
    )
    {
        var started = options.Time.GetTimestamp();
        var findings = new FindingList(options.FindingsMax);
        var due = new DueAudit(database, options);
        var notes = new List<string>();
        Looked looked;
        IReadOnlyList<DueMission> dueThen;
        await using (var snapshot = await VerifySnapshot.TakeAsync(database, cancellationToken))
        {
            var cursor = await FeedCursor.SeeAsync(snapshot.Main, shape, cancellationToken);
            var isProjectionKnown = IsProjectionKnown(cursor, findings, notes);
            dueThen = IsAtWork(cursor, options, notes)
                ? await due.FindAsync(snapshot.Main, cancellationToken)
                : [];
            var walk = new RecordWalk(
                snapshot,
                shape,
                isProjectionKnown ? PendingBound.Of(cursor!, options.Feed) : PendingBound.None,
                isProjectionKnown,
                findings
            );
            await NoteForgottenAsync(snapshot.Main, notes, cancellationToken);
            looked = new Looked
            {
                At = snapshot.TakenAt,
                Generation = shape.Generation,
                Agents = await walk.AgentsAsync(cancellationToken),
                Missions = await walk.MissionsAsync(cancellationToken),
                Changes = walk.Changes,
                OwnChanges = walk.OwnChanges,
                Runs = walk.Ledger.Sums,
            };
        }

        AddDue(await due.StillAsync(dueThen, cancellationToken), options, findings, notes);
        if (findings.ToFoldAgain.Count == FindingList.RefoldMax)
        {
            notes.Add("More records differ than are folded again at once: verify once more afterwards.");
        }

        return new VerifyReport(
            looked with
            {
                Took = options.Time.GetElapsedTime(started),
            },
            findings.Findings,
            notes
        )
        {
            Counts = findings.Counts,
            ToFoldAgain = findings.ToFoldAgain,
        };
    }

    /// <summary>Whether the projection can be compared with the log at all.</summary>
    private static bool IsProjectionKnown(FeedCursor? cursor, FindingList findings, List<string> notes)
    {
        if (cursor is null)
        {
            findings.Add(
                new Finding(
                    "I5",
                    "no-cursor",
                    Severity.Wrong,
                    "mana_ai.cursor has no row, so no node folds; run: insert into mana_ai.cursor default values"
                )
            );
            return false;
        }

        if (cursor.ReasonToStartAnew() is { } reason)
        {
            notes.Add(
                $"The projection was not compared with the log: {reason}. The next tick folds it anew."
            );
            return false;
        }

        return true;
    }

    private static async Task NoteForgottenAsync(
        DatabaseTransaction transaction,
        List<string> notes,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("CountForgotten"));
        if (await command.ExecuteScalarAsync(cancellationToken) is > 0L and var users)
        {
            notes.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{users} users are forgotten while the log still holds rows of theirs; they were passed over."
                )
            );
        }
    }

    private static bool IsAtWork(FeedCursor? cursor, VerifyOptions options, List<string> notes)
    {
        if (cursor?.ReadAt is not { } readAt)
        {
            return false;
        }

        var patience = options.StaleAfter > TickMax ? options.StaleAfter : TickMax;
        if (cursor.Now - readAt <= patience)
        {
            return true;
        }

        notes.Add(
            $"No tick has looked at the log since {IsoText.Milliseconds(readAt)}: the service is stopped, paused or "
                + "without its timer, so missions that are due without a run were not judged."
        );
        return false;
    }

    private static void AddDue(
        IReadOnlyList<DueMission> due,
        VerifyOptions options,
        FindingList findings,
        List<string> notes
    )
    {
        foreach (var mission in due.Where(one => one.IsOwed))
        {
            findings.Add(
                new Finding(
                    "I2",
                    "due-without-run",
                    Severity.Wrong,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"due for more than {options.StaleAfter.TotalMinutes:0.#} minutes, and no occurrence is open"
                    )
                )
                {
                    Record = mission.Key,
                    DueAt = mission.DueAt,
                    RunId = mission.RunId,
                }
            );
        }

        if (due.Count(one => !one.IsOwed) is > 0 and var closed)
        {
            notes.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{closed} missions still stand at an instant that has its verdict: their schedule is not moved on "
                ) + "(ADVANCE_SCHEDULE=false, DRY_RUN, or the log refuses it)."
            );
        }
    }
}
