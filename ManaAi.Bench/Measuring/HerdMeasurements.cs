using System.Globalization;
using ManaAi.Actors.Runs;

namespace ManaAi.Bench.Measuring;

/// <summary>Ten thousand missions that are due at one instant, while dead rows pile up that nothing may remove.</summary>
internal sealed class HerdMeasurements(BenchDatabase database, DueMissions due, Report report)
{
    private const int MissionsMax = 10_000;
    private const int DeadRows = 100_000;
    private const int Slots = 8;

    // A user who is said to be ready may turn out to have nothing.
    private const int EmptyMax = 1000;

    public async Task RunAsync(Uri llm, CancellationToken cancellationToken)
    {
        // Whoever holds a snapshot keeps every row that dies after it; so long as it lives, its age does not matter.
        await using var old = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await old.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead,
            cancellationToken
        );
        await using (var look = old.CreateCommand())
        {
            look.CommandText = "select pg_current_xact_id(), count(*) from mana_ai.users";
            await look.ExecuteNonQueryAsync(cancellationToken);
        }

        await due.OpenAsync(MissionsMax, llm, cancellationToken);
        // A small log has fewer that can be due.
        var missions = await database.ReadAsync<long>(
            "select count(*) from mana_ai.runs where verdict is null",
            cancellationToken
        );
        await PileUpAsync(missions, cancellationToken);
        await ClaimAllAsync(missions, cancellationToken);
        await transaction.RollbackAsync(cancellationToken);
    }

    /// <summary>Open runs and waiting users, written again and again, as claims and leases do.</summary>
    private async Task PileUpAsync(long missions, CancellationToken cancellationToken)
    {
        for (var written = 0L; written < DeadRows; written += 2 * missions)
        {
            await database.ExecuteAsync(
                """
                update mana_ai.runs set lease_until = clock_timestamp() where verdict is null;
                update mana_ai.runs set lease_until = null where verdict is null;
                update mana_ai.users set ready_at = clock_timestamp() where ready_at is not null
                """,
                cancellationToken
            );
        }
    }

    private async Task ClaimAllAsync(long missions, CancellationToken cancellationToken)
    {
        await using var node = await DirectNode.CreateAsync(database, cancellationToken);
        var claims = new Sample();
        var (claimed, empty) = (0, 0);
        while (claimed < missions)
        {
            IReadOnlyList<Claim> round = [];
            var took = await Sample.OfAsync(
                1,
                async () => round = await node.ClaimAsync(Slots, cancellationToken)
            );
            if (round.Count > 0)
            {
                claims.Add(took.Median);
                claimed += round.Count;
                await EndAsync(round, cancellationToken);
            }
            else if (++empty > EmptyMax)
            {
                throw new InvalidOperationException($"{claimed} runs were claimed instead of {missions}.");
            }
        }

        report.Add(
            $"claims of {Slots} of {missions:#,0} due at once, {DeadRows:#,0} dead rows: p99",
            $"{claims.Quantile(0.99).ToString("0.0", CultureInfo.InvariantCulture)} ms, median and range {claims} ms",
            "",
            "",
            "under 50 ms"
        );
    }

    private async Task EndAsync(IReadOnlyList<Claim> claims, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(
            """
            update mana_ai.runs
               set verdict = 'skipped', reason = 'bench', closed_at = clock_timestamp(), lease_until = null
             where run_id = any(@runs)
            """
        );
        command.Parameters.AddWithValue("runs", claims.Select(claim => claim.RunId).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
