using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Simulation;

/// <summary>How runs come into nodes' hands, and what they begin with them.</summary>
internal sealed partial class SimulationRun
{
    private async Task ClaimAsync(SimulatedNode? node)
    {
        if (node is null || node.Flows.Exists(flow => flow.Name == "claim") || node.Plans.Count() >= SlotsMax)
        {
            return;
        }

        ClaimRound? round = null;
        var slots = SlotsMax - node.Plans.Count();
        var claim = node.Flow("claim");
        await StartAsync(claim, async _ => round = await node.ClaimAsync(slots), int.MaxValue);
        if (round?.Claims is { Count: > 1 } several && _random.Next(3) == 0)
        {
            await WriteTogetherAsync(node, several);
            return;
        }

        foreach (var claimed in round?.Claims ?? [])
        {
            // As the pool does: its own older claim of the same run is void.
            foreach (var lapsed in node.Plans.Where(plan => plan.Claim!.RunId == claimed.RunId).ToArray())
            {
                await lapsed.IsOver.CancelAsync();
            }

            var plan = node.Flow($"plan {claimed.RunId} epoch {claimed.Epoch}", claimed);
            await StartAsync(plan, node.PlanAsync, Distance());
        }
    }

    /// <summary>What came of several at once; which answers led to it does not matter to those who write.</summary>
    private async Task WriteTogetherAsync(SimulatedNode node, IReadOnlyList<Claim> claims)
    {
        (Claim, Verdict)[] all =
        [
            .. claims.Select(claim =>
                (
                    claim,
                    _random.Next(4) switch
                    {
                        0 => Verdicts.UnusablePlan("simulated"),
                        1 => new Verdict.Skipped("budget", "simulated"),
                        _ => (Verdict)LedgerBench.Planned,
                    }
                )
            ),
        ];
        var names = claims.Select(claim => $"{claim.RunId} epoch {claim.Epoch}");
        var writes = node.Flow($"writes of {string.Join(", ", names)}", claims);
        await StartAsync(writes, _ => node.WriteTogetherAsync(all), Distance());
    }

    private async Task RenewAsync(SimulatedNode? node)
    {
        if (node?.Plans.Any() == true)
        {
            await StartAsync(node.Flow("renew"), _ => node.RenewAsync(), int.MaxValue);
        }
    }

    /// <summary>
    /// A plan comes to a point and stops there; leases run out, and somebody claims what was held by them: the same node,
    /// if it is the next to look. The older one will go on later.
    /// </summary>
    private async Task TakeOverAsync()
    {
        Flow[] plans = [.. _nodes.Where(node => !node.IsPaused).SelectMany(node => node.Plans)];
        if (plans.Length > 0)
        {
            var plan = plans[_random.Next(plans.Length)];
            var target = _targets[_random.Next(_targets.Length)];
            while (plan.At is { } at && $"{at}" != target)
            {
                await AdvanceAsync(plan, 1);
            }
        }

        await (_random.Next(3) == 0 ? _world.EndWaitsAsync() : _world.Bench.AgeLeasesAsync());
        _log.Add("leases run out");
        await LookAsync();
        if (_random.Next(4) > 0)
        {
            await ClaimAsync(Any());
        }
    }
}
