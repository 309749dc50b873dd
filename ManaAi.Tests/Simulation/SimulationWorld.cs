using ManaAi.Actors;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Simulation;

/// <summary>A database and a stand-in for mana-llm, which many runs use one after the other.</summary>
internal sealed class SimulationWorld : IAsyncDisposable
{
    private SimulationWorld(LedgerBench bench, LlmStubServer llm)
    {
        (Bench, Llm) = (bench, llm);
        Source = Preparing(bench.Database.ReaderConnectionString);
        Outside = Preparing(bench.Database.SuperuserConnectionString);
    }

    public LedgerBench Bench { get; }

    public TestDatabase Database => Bench.Database;

    public LlmStubServer Llm { get; }

    /// <summary>What the nodes log in with.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>For looking at it from outside of the nodes.</summary>
    public NpgsqlDataSource Outside { get; }

    public Metrics Metrics { get; } = new();

    public static async Task<SimulationWorld> CreateAsync(LogGeneration generation) =>
        new(await LedgerBench.CreateAsync(generation), await LlmStubServer.StartAsync());

    /// <summary>As if nothing had ever happened.</summary>
    public async Task ForgetAsync()
    {
        Llm.Behave();
        Llm.Calls.Clear();
        await Database.ForgetRowsAsync();
    }

    /// <summary>As if all waits, leases and holds were over.</summary>
    public async Task EndWaitsAsync()
    {
        await Bench.AgeLeasesAsync();
        await Bench.EndWaitsAsync();
        await Database.ExecuteAsync(
            """
            update mana_ai.llm_rate_limits set held_until = clock_timestamp();
            update mana_ai.llm_breakers set open_until = clock_timestamp() where is_open
            """
        );
    }

    public async ValueTask DisposeAsync()
    {
        await Llm.DisposeAsync();
        Metrics.Dispose();
        await Source.DisposeAsync();
        await Outside.DisposeAsync();
        await Bench.DisposeAsync();
    }

    /// <summary>Some hundred runs say the same: planning it takes longer than doing it.</summary>
    private static NpgsqlDataSource Preparing(string connection) =>
        NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connection) { MaxAutoPrepare = 100, AutoPrepareMinUsages = 2 }
        );
}
