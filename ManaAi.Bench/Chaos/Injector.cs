using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace ManaAi.Bench.Chaos;

/// <summary>A fault as it came to pass.</summary>
/// <param name="ProcessStartedAt">Of the node's process, at that moment.</param>
internal sealed record FaultRecord(
    Fault Fault,
    int? Node,
    DateTimeOffset At,
    DateTimeOffset Until,
    DateTimeOffset? ProcessStartedAt
);

/// <summary>Carries out the plan: each fault at its time, beside the others, and never two at once for one node.</summary>
internal sealed class Injector(
    ChaosOptions options,
    IReadOnlyList<Node> nodes,
    Llm llm,
    NpgsqlDataSource admin,
    TimeProvider time
) : IDisposable
{
    private static readonly TimeSpan DrainMax = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly List<FaultRecord> _records = [];
    private readonly SemaphoreSlim _postgresTurn = new(1, 1);
    private readonly SemaphoreSlim _llmTurn = new(1, 1);

    public IReadOnlyList<FaultRecord> Records
    {
        get
        {
            lock (_gate)
            {
                return [.. _records.OrderBy(record => record.At)];
            }
        }
    }

    /// <summary>Nodes that ended though nobody had asked them to, or did not end when asked.</summary>
    public List<string> Surprises { get; } = [];

    public async Task RunAsync(IReadOnlyList<Fault> plan, CancellationToken cancellationToken)
    {
        var startedAt = time.GetTimestamp();
        var underWay = new List<Task>();
        foreach (var fault in plan)
        {
            var wait = fault.At - time.GetElapsedTime(startedAt);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancellationToken);
            }

            underWay.RemoveAll(task => task.IsCompletedSuccessfully);
            underWay.Add(CarryOutAsync(fault, cancellationToken));
        }

        await Task.WhenAll(underWay);
    }

    public void Dispose()
    {
        _postgresTurn.Dispose();
        _llmTurn.Dispose();
    }

    private async Task CarryOutAsync(Fault fault, CancellationToken cancellationToken)
    {
        await Task.Yield();
        switch (fault.Kind)
        {
            case FaultKind.RestartFast or FaultKind.RestartImmediate:
                await InTurnAsync(_postgresTurn, fault, null, () => RestartPostgresAsync(fault.Kind));
                break;
            case FaultKind.LlmSlow or FaultKind.LlmHangs or FaultKind.LlmFails or FaultKind.LlmRefuses:
                await InTurnAsync(_llmTurn, fault, null, () => LlmAsync(fault, cancellationToken));
                break;
            case FaultKind.Upgrade:
                await nodes[fault.Node!.Value].Turn.WaitAsync(cancellationToken);
                var old = nodes[fault.Node.Value];
                await InTurnAsync(null, fault, old, () => NodeAsync(fault, old, cancellationToken));
                break;
            default:
                var node = await TakeNodeAsync(fault.Node!.Value, cancellationToken);
                await InTurnAsync(null, fault, node, () => NodeAsync(fault, node, cancellationToken));
                break;
        }
    }

    /// <summary>The one that the plan names, or the next that nothing is happening to.</summary>
    private async Task<Node> TakeNodeAsync(int number, CancellationToken cancellationToken)
    {
        for (var step = 0; step < nodes.Count; step++)
        {
            var node = nodes[(number + step) % nodes.Count];
            if (await node.Turn.WaitAsync(TimeSpan.Zero, cancellationToken))
            {
                return node;
            }
        }

        await nodes[number].Turn.WaitAsync(cancellationToken);
        return nodes[number];
    }

    private async Task InTurnAsync(SemaphoreSlim? turn, Fault fault, Node? node, Func<Task> act)
    {
        if (turn is not null)
        {
            await turn.WaitAsync();
        }

        try
        {
            if (node is { HasDied: true })
            {
                Surprise($"node {node.Number} had ended by itself with {node.ExitCode}");
                node.Start();
            }

            var (at, processStartedAt) = (time.GetUtcNow(), node?.StartedAt);
            await act();
            lock (_gate)
            {
                _records.Add(new FaultRecord(fault, node?.Number, at, time.GetUtcNow(), processStartedAt));
            }
        }
        finally
        {
            (turn ?? node!.Turn).Release();
        }
    }

    private async Task NodeAsync(Fault fault, Node node, CancellationToken cancellationToken)
    {
        switch (fault.Kind)
        {
            case FaultKind.Kill:
                await node.KillAsync(cancellationToken);
                await Task.Delay(fault.Length, time, cancellationToken);
                node.Start();
                break;
            case FaultKind.Drain or FaultKind.Upgrade:
                if (await node.DrainAsync(DrainMax) is { } wrong)
                {
                    Surprise($"node {node.Number} {wrong}");
                }

                await Task.Delay(fault.Length, time, cancellationToken);
                if (fault.Kind is FaultKind.Upgrade)
                {
                    node.Upgrade();
                }

                node.Start();
                break;
            case FaultKind.Pause:
                node.Stop();
                try
                {
                    await Task.Delay(fault.Length, time, cancellationToken);
                }
                finally
                {
                    node.Continue();
                }

                break;
            default:
                await CutAsync(node, cancellationToken);
                break;
        }
    }

    /// <summary>Found by the process: each connection's port is one of its sockets.</summary>
    private async Task CutAsync(Node node, CancellationToken cancellationToken)
    {
        var ports = Sockets.LocalPortsOf(node.ProcessId);
        try
        {
            await using var connection = await admin.OpenConnectionAsync(cancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText =
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where client_port = any(@ports) and pid <> pg_backend_pid()";
            command.Parameters.AddWithValue("ports", ports);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (NpgsqlException)
        {
            // PostgreSQL is being restarted: they are cut already.
        }
    }

    private async Task RestartPostgresAsync(FaultKind kind)
    {
        var mode = kind is FaultKind.RestartFast ? "fast" : "immediate";
        using var restart =
            Process.Start(new ProcessStartInfo(options.RestartPostgres, [mode]))
            ?? throw new InvalidOperationException($"{options.RestartPostgres} did not start");
        await restart.WaitForExitAsync();
        if (restart.ExitCode != 0)
        {
            throw new InvalidOperationException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"PostgreSQL did not restart ({restart.ExitCode})"
                )
            );
        }
    }

    private async Task LlmAsync(Fault fault, CancellationToken cancellationToken)
    {
        await llm.BehaveAsync(fault.Kind, cancellationToken);
        await Task.Delay(fault.Length, time, cancellationToken);
        await llm.BehaveAsync(null, cancellationToken);
    }

    private void Surprise(string what)
    {
        lock (_gate)
        {
            Surprises.Add(what);
        }
    }
}
