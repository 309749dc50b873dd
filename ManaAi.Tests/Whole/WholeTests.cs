using ManaAi.Actors.ChangeLog;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.Whole;

/// <summary>A fresh database and a stand-in for mana-llm; nodes as the test starts them.</summary>
public abstract class WholeTests(LogGeneration generation = LogGeneration.Two) : IAsyncLifetime
{
    private readonly List<WholeNode> _nodes = [];

    private protected TestDatabase Database { get; private set; } = null!;

    private protected LlmStubServer Llm { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Database = await TestDatabase.RentAsync(generation);
        Llm = await LlmStubServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        // Calls that hang would otherwise use up the grace.
        await Llm.DisposeAsync();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await Database.DisposeAsync();
    }

    private protected Task<WholeNode> StartAsync(params IEnumerable<(string Name, string Value)> settings) =>
        StartOnAsync(Database.ReaderUrl, settings);

    private protected async Task<WholeNode> StartOnAsync(
        string databaseUrl,
        params IEnumerable<(string Name, string Value)> settings
    )
    {
        var node = await WholeNode.StartAsync(databaseUrl, Llm.Address, settings);
        _nodes.Add(node);
        return node;
    }

    /// <summary>A node on a machine whose clock is wrong by so much.</summary>
    private protected async Task<WholeNode> StartShiftedAsync(
        TimeSpan by,
        params IEnumerable<(string Name, string Value)> settings
    )
    {
        var node = await WholeNode.StartAsync(Database.ReaderUrl, Llm.Address, new ShiftedTime(by), settings);
        _nodes.Add(node);
        return node;
    }

    private protected async Task<DeviceMission> InsertDueAsync(
        string id = "mission-1",
        string userId = "user-1",
        string objective = "Read one book a month",
        string? agentId = null,
        Func<DeviceMission, DeviceMission>? change = null
    )
    {
        var now = await Database.ReadAsync<DateTimeOffset>("select date_trunc('milliseconds', now())");
        var mission = new DeviceMission(id, now - TimeSpan.FromMinutes(1))
        {
            UserId = userId,
            Objective = objective,
            AgentId = agentId,
        };
        mission = change?.Invoke(mission) ?? mission;
        await Database.InsertChangeAsync(mission.ToInsert());
        return mission;
    }

    private protected async Task<RunRow> SingleRunAsync() =>
        (await Database.RunsAsync()).ShouldHaveSingleItem();

    /// <summary>The status of the one iteration that was written.</summary>
    private protected async Task<(string? Status, string? Error)> IterationAsync()
    {
        var iteration = (await Database.OwnChangesAsync())
            .ShouldHaveSingleItem()
            .Iterations.ShouldHaveSingleItem();
        var error = iteration.TryGetProperty("errorDetails", out var details)
            ? details.GetProperty("name").GetString()
            : null;
        return (iteration.GetProperty("overallStatus").GetString(), error);
    }

    private protected Task ReleaseWaitsAsync() =>
        Database.ExecuteAsync(
            """
            update mana_ai.runs set claimable_at = now() where verdict is null;
            update mana_ai.llm_rate_limits set held_until = now();
            update mana_ai.llm_breakers set open_until = now() where is_open
            """
        );
}
