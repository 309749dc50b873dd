using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Simulation;

/// <summary>
/// One run of any number of nodes over one database, all of it drawn from a seed: who goes on and how far, what breaks and
/// where, what devices do in between. Everything happens in one order, so that the seed brings the same run again.
/// </summary>
internal sealed partial class SimulationRun : ISimulationObserver, IAsyncDisposable
{
    private const int Steps = 45;
    private const int SlotsMax = 3;
    private const int RestRoundsMax = 12;
    private const int TurnsMax = 3;

    private static readonly StubBehaviour[] _behaviours =
    [
        new() { EmptyPlan = true },
        new() { Status = 500 },
        new() { Status = 503 },
        new() { Status = 429, RetryAfter = "1" },
        new() { Status = 401 },
        new() { Babble = Babble.Prose },
        new() { CutContent = true },
        new() { CutOff = true },
        new() { Reset = true },
        new() { KeepsCalling = true },
        new() { FinishReason = "content_filter" },
    ];

    private static readonly string[] _targets = ["BeforeRequest", "RequestSent", StopPoint.AnswerKept];

    private readonly SimulationWorld _world;
    private readonly Random _random;
    private readonly SimulatedDevices _devices;
    private readonly SimulationChecks _checks;
    private readonly SimulationLog _log;
    private readonly List<SimulatedNode> _nodes = [];
    private readonly List<SimulatedNode> _gone = [];
    private readonly PlanMode _mode;
    private readonly BudgetOptions _budgets;
    private readonly int _nodesMax;

    // In hundredths, at each point. Some runs have no faults at all: what goes wrong there is no fault's doing.
    private int _faults;
    private int _started;

    private static readonly RunOptions _options = new()
    {
        // Leases end when the seed says so, on a machine however slow.
        Lease = TimeSpan.FromHours(1),
        AttemptsMax = 3,
        RetryBase = TimeSpan.FromSeconds(1),
        // Whatever is due is opened in several statements, with others' claims in between.
        OpenedFirst = 1,
        OpenedMax = 2,
    };

    // A look at the log takes several batches, with others' in between.
    private static readonly FeedOptions _feed = new() { RowsMax = 2 };

    private SimulationRun(SimulationWorld world, int seed)
    {
        (_world, _random, _log) = (world, new Random(seed), new SimulationLog(seed));
        _mode = _random.Next(2) == 0 ? PlanMode.Json : PlanMode.Tools;
        _nodesMax = _random.Next(1, 5);
        _faults = _random.Next(4) switch
        {
            0 => 0,
            1 => 3,
            2 => 8,
            _ => 20,
        };
        _budgets = _random.Next(4) == 0 ? new BudgetOptions { PerUser = _random.Next(1, 5) * 4000 } : new();
        _checks = new SimulationChecks(world.Outside, _options, _mode);
        _devices = new SimulatedDevices(world, _checks, _random);
        _log.Add($"{_mode}, {_nodesMax} nodes, faults {_faults}%, budget {_budgets.PerUser}");
    }

    public long LogVersion => _checks.LogVersion;

    /// <summary>Runs a seed to its end.</summary>
    /// <returns>null where all held; else what did not, with all the steps up to there.</returns>
    public static async Task<string?> FailureOfAsync(SimulationWorld world, int seed)
    {
        await world.ForgetAsync();
        await using var run = new SimulationRun(world, seed);
        try
        {
            await run.RunAsync();
            return null;
        }
        catch (Exception exception)
        {
            var violations = run._checks.Violations;
            return run._log.Failure(violations.Count > 0 ? violations : [exception.ToString()]);
        }
    }

    public Task CommittedAsync(Flow flow, CommittedWork work) => _checks.CommittedAsync(flow, work);

    public async ValueTask DisposeAsync()
    {
        await _devices.DisposeAsync();
        foreach (var node in _nodes.Concat(_gone).ToArray())
        {
            await KillAsync(node);
            node.Dispose();
        }
    }

    private async Task RunAsync()
    {
        await _checks.LookAsync();
        for (var mission = _random.Next(2, 6); mission > 0; mission--)
        {
            _log.Add(await _devices.AddMissionAsync());
        }

        _log.Add(await _devices.AddAgentAsync("user-1"));
        await LookAsync();
        for (var step = 0; step < Steps; step++)
        {
            Populate();
            await StepAsync();
        }

        await RestAsync();
    }

    private Task StepAsync() =>
        _random.Next(100) switch
        {
            < 30 => AdvanceOneAsync(),
            < 42 => TickAsync(Any()),
            < 55 => ClaimAsync(Any()),
            < 69 => SayAsync(_devices.EditAsync()),
            < 73 => SayAsync(_devices.EndOneAsync(_random.Next(4) > 0)),
            < 86 => TakeOverAsync(),
            < 88 => RenewAsync(Any()),
            < 91 => SayAsync(PauseOrGoOnAsync(Any(isAlsoPaused: true))),
            < 97 => SayAsync(BehaveAsync()),
            < 98 => StopInOrderAsync(Any()),
            _ => SayAsync(KillAsync(Any(isAlsoPaused: true))),
        };

    private async Task AdvanceOneAsync()
    {
        Flow[] flows = [.. _nodes.Where(node => !node.IsPaused).SelectMany(node => node.Flows)];
        // What became stale meanwhile is what the guards are for.
        Flow[] stale = [.. flows.Where(flow => flow.Claims.Any(IsStale))];
        var chosen = stale.Length > 0 && _random.Next(2) == 0 ? stale : flows;
        if (chosen.Length > 0)
        {
            await AdvanceAsync(chosen[_random.Next(chosen.Length)], Distance());
        }
    }

    private bool IsStale(Claim claim) =>
        _checks.State.Runs.TryGetValue(claim.RunId, out var run) && run.Epoch != claim.Epoch;

    private async Task TickAsync(SimulatedNode? node)
    {
        if (node is { IsTicking: false })
        {
            // A sweep comes every few minutes; here, now and then.
            var isSweep = _random.Next(6) == 0;
            await StartAsync(
                node.Flow("tick"),
                async _ =>
                {
                    if (isSweep)
                    {
                        await node.SweepAsync();
                    }

                    await node.TickAsync();
                },
                _random.Next(4) > 0 ? int.MaxValue : _random.Next(1, 25)
            );
        }
    }

    /// <summary>SIGTERM without any grace: what is under way ends, and the rest is handed back.</summary>
    private async Task StopInOrderAsync(SimulatedNode? node)
    {
        if (node is null)
        {
            return;
        }

        _log.Add($"{node.Bench.Id} stops in order");
        foreach (var flow in node.Flows.ToArray())
        {
            await flow.IsOver.CancelAsync();
            await AdvanceAsync(flow, int.MaxValue, isFaulty: false);
        }

        await StartAsync(node.Flow("hand back"), _ => node.HandBackAsync(), int.MaxValue);
        await KillAsync(node);
    }

    private static Task<string?> PauseOrGoOnAsync(SimulatedNode? node)
    {
        if (node is null)
        {
            return Task.FromResult<string?>(null);
        }

        node.IsPaused = !node.IsPaused;
        return Task.FromResult<string?>($"{node.Bench.Id} is {(node.IsPaused ? "stopped" : "continued")}");
    }

    private Task<string> BehaveAsync()
    {
        var behaviour = _behaviours[_random.Next(_behaviours.Length)] with { Times = _random.Next(1, 5) };
        _world.Llm.Behave(behaviour);
        return Task.FromResult($"the LLM: {behaviour.ToJson().GetRawText()}");
    }

    private async Task SayAsync<T>(Task<T> happening)
        where T : class?
    {
        if (await happening is string text)
        {
            _log.Add(text);
            await LookAsync();
        }
    }

    private async Task LookAsync()
    {
        await _checks.LookAsync();
        Hold();
    }

    private void Hold()
    {
        if (_checks.Violations.Count > 0)
        {
            throw new InvalidOperationException("something does not hold");
        }
    }

    /// <summary>I7: faults stop, and a bounded number of rounds closes whatever is due.</summary>
    private async Task RestAsync()
    {
        _log.Add("faults stop");
        _faults = 0;
        _world.Llm.Behave();
        Populate();
        foreach (var node in _nodes.ToArray())
        {
            node.IsPaused = false;
            foreach (var flow in node.Flows.ToArray())
            {
                await AdvanceAsync(flow, int.MaxValue, isFaulty: false);
            }
        }

        while (await _devices.EndOneAsync(isCommitted: true) is { } late)
        {
            _log.Add(late);
        }

        await LookAsync();
        await _devices.FinishRunningAsync();
        await LookAsync();
        for (var round = 0; !await IsAtRestAsync(round); round++)
        {
            _checks.Check(round < RestRoundsMax, $"I7: {round} rounds did not close {Open()}");
            Hold();
        }

        _checks.CheckRest();
        _checks.Check(
            _world.Llm.Calls.Total == _checks.Requests,
            $"I4: the server counts {_world.Llm.Calls.Total} calls, and {_checks.Requests} were seen"
        );
        Hold();
        foreach (var mission in _devices.Missions)
        {
            await _world.Bench.ShouldBeFoldedAsync(mission);
        }
    }

    private async Task<bool> IsAtRestAsync(int round)
    {
        await _world.EndWaitsAsync();
        await LookAsync();
        var node = _nodes[round % _nodes.Count];
        await GoAsync(node.Flow("sweep"), _ => node.SweepAsync(), int.MaxValue, isFaulty: false);
        if (Open().Length == 0 && round > 0)
        {
            return true;
        }

        await GoAsync(node.Flow("tick"), _ => node.TickAsync(), int.MaxValue, isFaulty: false);
        // What waits for another run leaves its turn to that one: with both waits ended it would have it again and again.
        for (var turn = 0; turn < TurnsMax && await ServeAsync(node) > 0; turn++)
        {
            Hold();
        }

        return false;
    }

    private async Task<int> ServeAsync(SimulatedNode node)
    {
        IReadOnlyList<Claim> claims = [];
        await GoAsync(
            node.Flow("claim"),
            async _ => claims = (await node.ClaimAsync(8)).Claims,
            int.MaxValue,
            isFaulty: false
        );
        foreach (var claim in claims)
        {
            var plan = node.Flow($"plan {claim.RunId} epoch {claim.Epoch}", claim);
            await GoAsync(plan, node.PlanAsync, int.MaxValue, isFaulty: false);
        }

        return claims.Count;
    }

    private string Open() =>
        string.Join(
            ", ",
            _checks
                .State.Runs.Values.Where(run => run.Verdict is null)
                .Select(run => $"{run}")
                .Concat(_checks.State.Due)
        );
}
