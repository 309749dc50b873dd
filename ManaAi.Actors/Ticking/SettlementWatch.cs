using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Ticking;

/// <summary>Waits until the runs of a manual tick are closed, wait for something, or are held by another node.</summary>
public sealed class SettlementWatch(SyncDatabase database, NodeId node, RunSignal settled, TimeProvider time)
{
    /// <summary>Other nodes settle runs too, and say nothing to us; and what keeps runs waiting says nothing either.</summary>
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>While most of a herd is to come: its runs need not end in the order in which they are looked at.</summary>
    private static readonly TimeSpan HerdLookAgainAfter = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs that end within this time of each other are one reason to look.</summary>
    private static readonly TimeSpan LookGap = TimeSpan.FromMilliseconds(10);

    // Runs in one look: of a herd it is asked whether the first ones are settled, then the next, and all of it once.
    private const int PartMax = 50;

    public async Task<TickReport> WaitAsync(TickOutcome outcome, CancellationToken cancellationToken)
    {
        var parts = new Queue<long[]>(outcome.Claimable.Chunk(PartMax));
        while (true)
        {
            var before = settled.Count; // Taken before looking, so that nothing falls in between.
            var remaining = 0L;
            while (
                parts.TryPeek(out var part)
                && (remaining = (await LookAsync(outcome, part, cancellationToken)).Remaining) == 0
            )
            {
                parts.Dequeue();
            }

            if (parts.Count == 0)
            {
                // What waited for something when it was looked at may have gone on since.
                (remaining, var report) = await LookAsync(outcome, outcome.Claimable, cancellationToken);
                if (remaining == 0)
                {
                    return report;
                }
            }

            // While most of a large herd is still to come nobody waits for this part.
            await (
                parts.Count > 2
                    ? WaitAsync(before + remaining + (PartMax / 2), HerdLookAgainAfter, cancellationToken)
                    : WaitAsync(before + remaining, LookAgainAfter, cancellationToken)
            );
        }
    }

    /// <summary>Until so many runs ended here that those which were looked at may be among them.</summary>
    private async Task WaitAsync(long enough, TimeSpan most, CancellationToken cancellationToken)
    {
        using var isOver = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var longest = Task.Delay(most, time, isOver.Token);
        await Task.Delay(LookGap, time, cancellationToken);
        var next = settled.Next;
        while (settled.Count < enough && !longest.IsCompleted)
        {
            await Task.WhenAny(next, longest);
            next = settled.Next;
        }

        await isOver.CancelAsync();
    }

    private Task<(long Remaining, TickReport Report)> LookAsync(
        TickOutcome outcome,
        IReadOnlyCollection<long> runs,
        CancellationToken cancellationToken
    ) =>
        database.OnceByKeysAsync(
            batch =>
            {
                batch.Then(Sql.Get("ReadGate")).Add("model", outcome.Model);
                batch.Then(Sql.Get("SettledRuns")).Add("node", node.Value).Add("runs", runs.ToArray());
            },
            async (reader, token) =>
            {
                var gate = await GateReading.ReadAsync(reader, token);
                await reader.NextResultAsync(token);
                await reader.ReadAsync(token);
                var report = new TickReport(
                    outcome.At,
                    outcome.Claimable.Count,
                    (int)reader.GetInt64(2),
                    (int)reader.GetInt64(3),
                    (int)reader.GetInt64(4),
                    outcome.Errors
                );
                return (reader.GetInt64(0) + (gate.IsHeld ? 0 : reader.GetInt64(1)), report);
            },
            cancellationToken
        );
}
