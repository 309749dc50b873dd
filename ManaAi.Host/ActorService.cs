using ManaAi.Actors;
using ManaAi.Actors.Cluster;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Ticking;
using ManaAi.Actors.Upkeep;
using ManaAi.Host.Settings;

namespace ManaAi.Host;

/// <summary>
/// Starts and stops the actors with the host. On SIGTERM: no new ticks and claims, what is under way may finish within
/// the grace, the rest is handed back free for the next node.
/// </summary>
internal sealed class ActorService(
    MissionProjectors projectors,
    PlannerPool pool,
    TickCoordinator coordinator,
    WakeUpListener listener,
    Housekeeper housekeeper,
    RunLedger ledger,
    NodeRegistry nodes,
    ServiceSettings settings,
    Metrics metrics,
    PoolConnections connections,
    ILogger<ActorService> logger
) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Watch(metrics.Probes);
        projectors.Start();
        pool.Start();
        housekeeper.Start();
        coordinator.Start();
        nodes.Start();
        if (settings.Tick.IsEnabled)
        {
            listener.Start(); // Without a timer nothing is to happen sooner than it.
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await listener.StopAsync(cancellationToken);
        await coordinator.StopAsync(cancellationToken);
        await pool.StopAsync(settings.ShutdownGrace, cancellationToken);
        await projectors.StopAsync(cancellationToken);
        // Whatever took the host's patience: others need not wait for the leases, and the node is shown as gone.
        using var own = new CancellationTokenSource(ServiceHost.HandBackTime);
        await HandBackAsync(own.Token);
        await nodes.StopAsync(own.Token);
        await housekeeper.StopAsync(cancellationToken);
    }

    private async Task HandBackAsync(CancellationToken cancellationToken)
    {
        try
        {
            var users = await ledger.HandBackAsync(cancellationToken);
            if (users > 0)
            {
                Log.HandedBack(logger, users);
            }
        }
        catch (Exception exception)
            when (exception.IsDatabaseFault() || exception is OperationCanceledException)
        {
            Log.NotHandedBack(logger, DatabaseFaults.Describe(exception));
        }
    }

    private void Watch(MetricProbes probes)
    {
        probes.WatchMailbox("coordinator", () => coordinator.Depth);
        probes.WatchMailbox("projectors", () => projectors.Depth);
        probes.WatchMailbox("pool", () => pool.Depths.Pool);
        probes.WatchMailbox("planners", () => pool.Depths.Planners);
        probes.WatchMailbox("housekeeper", () => housekeeper.Depth);
        probes.WatchMailbox("registry", () => nodes.Depth);
        probes.WatchConnections(connections.Read);
    }
}
