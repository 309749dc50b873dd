using System.Text.Json;
using ManaAi.Actors;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;
using Generation = ManaAi.Actors.ChangeLog.LogGeneration;

namespace ManaAi.Tests.Planning;

/// <summary>One bench for all rows of the table.</summary>
public sealed class LadderBench : IAsyncLifetime
{
    internal LedgerBench Bench { get; private set; } = null!;

    public async Task InitializeAsync() => Bench = await LedgerBench.CreateAsync();

    public async Task DisposeAsync() => await Bench.DisposeAsync();
}

/// <summary>
/// What becomes of an occurrence whose server behaves in one bad way in every call: its verdict, its calls, its time.
/// </summary>
public sealed class BadBehaviourLadderTests(LadderBench shared) : IClassFixture<LadderBench>, IDisposable
{
    private static readonly RunOptions _runs = new() { AttemptsMax = 2 };

    // A call ends not later than a second after its limit.
    private static readonly TimeSpan _slack = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(5);

    private readonly Metrics _metrics = new();
    private readonly LedgerBench _bench = shared.Bench;

    public static TheoryData<string> Names => [.. LlmBadBehaviours.All.Select(behaviour => behaviour.Name)];

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public void The_table_is_long() => LlmBadBehaviours.All.Count.ShouldBeGreaterThanOrEqualTo(40);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_server_that(string name)
    {
        var behaviour = LlmBadBehaviours.All.Single(one => one.Name == name);
        var (ending, calls) = Expected(behaviour);
        await using var server = new LlmScriptedServer(behaviour.Script);
        using var client = LlmBench.Client(server.Address, behaviour.Limits);
        var node = _bench.Node(options: _runs);
        var planner = Planner(client, node);
        await CloseGateAsync();
        var mission = await _bench.InsertDueAsync(name);
        await node.TickAsync();
        var startedAt = TimeProvider.System.GetTimestamp();

        var end = await RunAsync(node, planner, mission);

        Tell(end).ShouldBe(ending);
        server.Requests.ShouldBe(calls);
        var limit = behaviour.Limits is null ? _soon : LlmBench.ShortLimit + _slack;
        TimeProvider.System.GetElapsedTime(startedAt).ShouldBeLessThan(limit * calls + _slack);
    }

    /// <summary>The ladder in words, by how one call of this behaviour ends; see docs/planning.md.</summary>
    private static (string Ending, int Calls) Expected(LlmBadBehaviour behaviour) =>
        behaviour.Expected.Split(' ') switch
        {
            ["unavailable", ..] => ("failed llm-unavailable", _runs.AttemptsMax),
            ["rate-limited", "86400", ..] => ("failed rate-limited", 1),
            ["rate-limited", ..] => ("waits rate-limit", 1),
            ["unauthorized", ..] => ("waits authorization", 1),
            ["rejected", "422", "blocked:", ..] => ("failed rejected", 1),
            // Once more without structured output, which may be what it does not take.
            ["rejected", "400" or "422", ..] => ("failed rejected", 2),
            ["rejected", ..] => ("failed rejected", 1),
            ["answered", "content_filter:", ..] => ("failed refused", 1),
            _ when behaviour.Expected.Contains(" refused: ", StringComparison.Ordinal) => (
                "failed refused",
                1
            ),
            ["answered", "stop:", """{"steps":[]}""", ..] => ("empty", 1),
            // Asked once more with the exact reason.
            _ => ("failed unusable-plan", 2),
        };

    private static string Tell(AttemptEnd end) =>
        end switch
        {
            AttemptEnd.Decided { Verdict: Verdict.Failed failed } => $"failed {failed.Reason.Word()}",
            AttemptEnd.Decided decided => decided.Verdict.Word,
            AttemptEnd.Waits waits => $"waits {waits.Release.WaitsFor}",
            _ => end.ToString(),
        };

    /// <summary>Attempt after attempt, until it is decided or waits for something else than the next attempt.</summary>
    private async Task<AttemptEnd> RunAsync(BenchNode node, TestPlanner planner, DeviceMission mission)
    {
        while (true)
        {
            var claim = (await node.ClaimAsync()).Single(one => one.Mission.MissionId.Value == mission.Id);
            var end = await planner.PlanAsync(claim, Generation.One);
            if (end is AttemptEnd.Waits { Release: { WaitsFor: "retry" } release })
            {
                await node.ReleaseAsync(claim, release);
                continue;
            }

            await _bench.Database.ExecuteAsync(
                "update mana_ai.runs set claimable_at = 'infinity', lease_until = null where verdict is null"
            );
            return end;
        }
    }

    /// <summary>What one row of the table taught the breaker must not decide about the next.</summary>
    private Task CloseGateAsync() =>
        _bench.Database.ExecuteAsync(
            """
            update mana_ai.llm_breakers set is_open = false;
            delete from mana_ai.llm_rate_limits;
            delete from mana_ai.llm_calls
            """
        );

    private TestPlanner Planner(LlmClient client, BenchNode node) =>
        new(
            client,
            node.Calls,
            node.Gate,
            new PlannerOptions { Mode = PlanMode.Json, Model = BenchNode.Model },
            _runs with
            {
                RetryBase = TimeSpan.Zero,
            },
            new Random(1),
            TimeProvider.System,
            _metrics,
            new KeptLog<Planner>()
        );
}
