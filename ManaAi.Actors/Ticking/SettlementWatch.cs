using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Ticking;

/// <summary>Waits until the runs of a manual tick are closed, wait for something, or are held by another node.</summary>
public sealed class SettlementWatch(SyncDatabase database, NodeId node, RunSignal settled, TimeProvider time)
{
    /// <summary>Other nodes settle runs too, and say nothing to us.</summary>
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(500);

    public async Task<TickReport> WaitAsync(TickOutcome outcome, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = settled.Next; // Taken before looking, so that nothing falls in between.
            var (remaining, report) = await LookAsync(outcome, cancellationToken);
            if (remaining == 0)
            {
                return report;
            }

            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(changed, Task.Delay(LookAgainAfter, time, enough.Token));
            await enough.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task<(long Remaining, TickReport Report)> LookAsync(
        TickOutcome outcome,
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
            .Add("runs", outcome.Claimable.ToArray());
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
