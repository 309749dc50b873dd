using System.Collections.Concurrent;
using Npgsql;

namespace ManaAi.Bench.Chaos;

/// <summary>Remembers which process was which node: the registry forgets those that are gone.</summary>
internal sealed class NodeWatch(Ledger ledger, ChaosOptions options, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    // Between starting a process and its runtime's own idea of when it was started.
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, (int Port, DateTimeOffset StartedAt)> _nodes = new(
        StringComparer.Ordinal
    );

    public async Task RunAsync(CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            try
            {
                foreach (var (port, nodeId, startedAt) in await ledger.ReadNodesAsync(until))
                {
                    _nodes.TryAdd(nodeId, (port, startedAt));
                }
            }
            catch (Exception exception)
                when (exception is NpgsqlException or IOException
                    || (exception is OperationCanceledException && until.IsCancellationRequested)
                )
            {
                // PostgreSQL is being restarted, there is no schema yet, or it is over.
            }

            await Task.Delay(Pause, time, until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether a node was of the version that its place was upgraded from.</summary>
    public bool IsOld(string nodeId, IEnumerable<FaultRecord> upgrades) =>
        _nodes.TryGetValue(nodeId, out var node)
        && upgrades.Any(upgrade =>
            options.FirstPort + upgrade.Node == node.Port && node.StartedAt < upgrade.At
        );

    /// <returns>Null: the process never came to show itself, and so held nothing.</returns>
    public string? NodeOf(int place, DateTimeOffset processStartedAt, DateTimeOffset at) =>
        _nodes
            .Where(node =>
                node.Value.Port == options.FirstPort + place
                && node.Value.StartedAt >= processStartedAt - ClockSlack
                && node.Value.StartedAt <= at
            )
            .OrderByDescending(node => node.Value.StartedAt)
            .Select(node => node.Key)
            .FirstOrDefault();
}
