using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;

namespace ManaAi.Actors.Verification;

/// <summary>A mission that has been due for long and of which nothing is open.</summary>
/// <param name="IsOwed">A run of it should be open; else its schedule should have moved on.</param>
internal sealed record DueMission(RecordKey Key, DateTimeOffset DueAt, long? RunId, bool IsOwed);

/// <summary>
/// I2's other half: what is due has an open run. A tick folds first and opens afterwards, so what looks due and
/// unopened is looked at again before it is called wrong.
/// </summary>
internal sealed class DueAudit(SyncDatabase database, VerifyOptions options)
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(500);

    public async Task<IReadOnlyList<DueMission>> FindAsync(
        DatabaseTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("DueWithoutRun"))
            .Add("stale_after", options.StaleAfter);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<DueMission>();
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add(
                new DueMission(
                    new RecordKey(
                        reader.GetString(0),
                        RecordKey.App,
                        RecordKey.MissionsTable,
                        reader.GetString(1)
                    ),
                    reader.GetInstant(2),
                    reader.GetNullable<long>(3),
                    reader.GetBoolean(4)
                )
            );
        }

        return due;
    }

    /// <summary>Those of them that are still so, now and for as long as a tick may take.</summary>
    public async Task<IReadOnlyList<DueMission>> StillAsync(
        IReadOnlyList<DueMission> before,
        CancellationToken cancellationToken
    )
    {
        var started = options.Time.GetTimestamp();
        var still = before;
        while (true)
        {
            if (still.Count == 0)
            {
                return still;
            }

            await using (var transaction = await database.BeginAsync(cancellationToken))
            {
                var now = (await FindAsync(transaction, cancellationToken)).ToHashSet();
                still = [.. still.Where(now.Contains)];
            }

            if (still.All(one => !one.IsOwed) || options.Time.GetElapsedTime(started) >= options.SettleFor)
            {
                return still;
            }

            await Task.Delay(LookAgainAfter, options.Time, cancellationToken);
        }
    }
}
