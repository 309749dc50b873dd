using System.Globalization;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Simulation;

/// <summary>How the nodes of a run are driven from point to point, and what breaks there.</summary>
internal sealed partial class SimulationRun
{
    private async Task<string?> KillAsync(SimulatedNode? node)
    {
        if (node is null || node.IsDead)
        {
            return null;
        }

        node.Kill();
        foreach (var flow in node.Flows.Where(flow => !flow.HasEnded).ToArray())
        {
            await flow.GoOnAsync(Fate.Die);
        }

        node.Flows.Clear();
        _nodes.Remove(node);
        _gone.Add(node);
        return $"{node.Bench.Id} dies";
    }

    private Task StartAsync(Flow flow, Func<Flow, Task> work, int points) =>
        GoAsync(flow, work, points, true);

    private async Task GoAsync(Flow flow, Func<Flow, Task> work, int points, bool isFaulty)
    {
        _log.Add($"{flow} begins");
        await flow.StartAsync(work);
        await AdvanceAsync(flow, points, isFaulty);
    }

    /// <summary>Lets a flow go on over so many points. One that holds locks goes on at once, or breaks.</summary>
    private async Task AdvanceAsync(Flow flow, int points, bool isFaulty = true)
    {
        while (flow.At is { } at && (points-- > 0 || at.Moment == Moment.BeforeCommit))
        {
            if (at.Moment == Moment.BeforeCommit && isFaulty && _random.Next(12) == 0)
            {
                // What commits between our look at the log and our own row.
                await SayAsync(
                    _random.Next(2) == 0 ? _devices.EndOneAsync(isCommitted: true) : NullableEditAsync()
                );
            }

            var fate = isFaulty ? Draw(at) : Fate.GoOn;
            if (fate != Fate.GoOn)
            {
                _log.Add($"{flow}, {at}: {fate}");
            }

            if (fate == Fate.Die)
            {
                await KillAsync(flow.Node);
                return;
            }

            await flow.GoOnAsync(fate);
            Hold();
        }

        Finish(flow);
    }

    private async Task<string?> NullableEditAsync() => await _devices.EditAsync();

    private void Finish(Flow flow)
    {
        if (!flow.HasEnded)
        {
            return;
        }

        flow.Node.Flows.Remove(flow);
        _log.Add($"{flow} has ended {flow.Fault?.Message}");
        var isExpected =
            flow.Fault is null or NodeKilledException or OperationCanceledException
            || flow.Fault.IsDatabaseFault() && flow.Fault is not Npgsql.PostgresException;
        _checks.Check(isExpected, $"{flow} threw {flow.Fault}");
    }

    private Fate Draw(StopPoint at)
    {
        // A claim that its node knows nothing of is where a node meets itself.
        if (_random.Next(at.Statements.Contains("ClaimRuns") ? 35 : 100) >= _faults)
        {
            return Fate.GoOn;
        }

        return at.Moment switch
        {
            Moment.BeforeCommit => (Fate)_random.Next(1, 4),
            _ => (Fate)_random.Next(1, 3),
        };
    }

    /// <summary>How many points a piece of work goes on; none is to stop as soon as it is claimed.</summary>
    private int Distance() =>
        _random.Next(4) switch
        {
            0 => int.MaxValue,
            1 => _random.Next(2),
            _ => _random.Next(12),
        };

    private SimulatedNode? Any(bool isAlsoPaused = false)
    {
        SimulatedNode[] nodes = [.. _nodes.Where(node => isAlsoPaused || !node.IsPaused)];
        return nodes.Length > 0 ? nodes[_random.Next(nodes.Length)] : null;
    }

    /// <summary>For each that is gone another one comes.</summary>
    private void Populate()
    {
        while (_nodes.Count < _nodesMax)
        {
            _nodes.Add(NewNode());
        }
    }

    private SimulatedNode NewNode()
    {
        _started++;
        var name = string.Create(CultureInfo.InvariantCulture, $"node-{_started}");
        var database = new SimulatedDatabase(_world.Source, this);
        var bench = _world.Bench.Node(name, _options, _budgets, database, _feed);
        var llm = SimulatedWire.Client(_world.Llm.Address, _checks.Answered);
        return new SimulatedNode(_world, bench, llm, _mode, _random.Next());
    }
}
