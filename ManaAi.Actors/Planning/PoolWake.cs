using System.Threading.Channels;
using ManaAi.Actors.Database;

namespace ManaAi.Actors.Planning;

/// <summary>Lets this node look for work at once, after an operator has made some. Other nodes come by themselves.</summary>
public sealed class PoolWake(DatabaseGate gate, PlannerPool pool, PlannerOptions options)
{
    /// <summary>Something may be claimed sooner than the pool knows. It stays asleep where nobody woke it yet.</summary>
    public void Nudge() => pool.Nudge();

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
