using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Ticking;

/// <summary>Waits until the runs of a manual tick are closed, wait for something, or are held by another node.</summary>
public sealed class SettlementWatch(SyncDatabase database, NodeId node, RunSignal settled, TimeProvider time)
{
    /// <summary>Other nodes settle runs too, and say nothing to us.</summary>
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs that end within this time of each other are one reason to look.</summary>
    private static readonly TimeSpan LookGap = TimeSpan.FromMilliseconds(10);

    // Of the time that passes, looking takes a fifth at the most.
    private const int RestPerLook = 4;

    // Runs in one look: of a herd it is asked whether the first ones are settled, then the next, and all of it once.
    private const int PartMax = 50;

    public async Task<TickReport> WaitAsync(TickOutcome outcome, CancellationToken cancellationToken)
    {
        var parts = new Queue<long[]>(outcome.Claimable.Chunk(PartMax));
        while (true)
        {
            var changed = settled.Next; // Taken before looking, so that nothing falls in between.
            var startedAt = time.GetTimestamp();
            while (parts.TryPeek(out var part) && await IsSettledAsync(outcome, part, cancellationToken))
            {
                parts.Dequeue();
            }

            // What waited for something when it was looked at may have gone on since.
            if (
                parts.Count == 0
                && await LookAsync(outcome, outcome.Claimable, cancellationToken) is (0, var report)
            )
            {
                return report;
            }

            var rest = time.GetElapsedTime(startedAt) * RestPerLook;
            await WaitAsync(changed, rest < LookAgainAfter ? rest : LookAgainAfter, cancellationToken);
        }
    }

    private async Task WaitAsync(Task changed, TimeSpan rest, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(changed, Task.Delay(LookAgainAfter, time, enough.Token));
        await enough.CancelAsync();
        await Task.Delay(rest > LookGap ? rest : LookGap, time, cancellationToken);
    }

    private async Task<bool> IsSettledAsync(
        TickOutcome outcome,
        long[] part,
        CancellationToken cancellationToken
    ) => (await LookAsync(outcome, part, cancellationToken)).Remaining == 0;

    private async Task<(long Remaining, TickReport Report)> LookAsync(
        TickOutcome outcome,
        IReadOnlyCollection<long> runs,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        bool isHeld;
        await using (var read = transaction.Command(Sql.Get("ReadGate")).Add("model", outcome.Model))
        await using (var entries = await read.ExecuteReaderAsync(cancellationToken))
        {
            isHeld = (await GateReading.ReadAsync(entries, cancellationToken)).IsHeld;
        }

        await using var command = transaction
            .Command(Sql.Get("SettledRuns"))
            .Add("is_held", isHeld)
            .Add("node", node.Value)
            .Add("runs", runs.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var report = new TickReport(
            outcome.At,
            outcome.Claimable.Count,
            (int)reader.GetInt64(1),
            (int)reader.GetInt64(2),
            (int)reader.GetInt64(3),
            outcome.Errors
        );
        return (reader.GetInt64(0), report);
    }
}
