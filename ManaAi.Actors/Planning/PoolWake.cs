using System.Threading.Channels;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>Lets this node look for work at once, after an operator has made some. Other nodes come by themselves.</summary>
public sealed class PoolWake(DatabaseGate gate, PlannerPool pool, PlannerOptions options)
{
    /// <summary>Something may be claimed sooner than the pool knows. It stays asleep where nobody woke it yet.</summary>
    public void Nudge() => pool.Nudge();

    /// <summary>What was asked for starts at once; a refusal wakes nobody.</summary>
    public Task StartAsync(RunRequestResult result, CancellationToken cancellationToken) =>
        result is RunRequestResult.Done ? WakeAsync(cancellationToken) : Task.CompletedTask;

    public async Task WakeAsync(CancellationToken cancellationToken)
    {
        if (options.IsDryRun || (await gate.EnterAsync(cancellationToken)).Access is not { } access)
        {
            return;
        }

        try
        {
            await pool.WakeAsync(access, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            // The node stops: what was asked for stands in the ledger, for whoever comes next.
        }
    }
}
