using ManaAi.Actors;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using Npgsql;

namespace ManaAi.Tests.Simulation;

/// <summary>A database and a stand-in for mana-llm, which many runs use one after the other.</summary>
internal sealed class SimulationWorld : IAsyncDisposable
{
    private const string Forget = """
        delete from public.sync_changes;
        delete from mana_ai.missions;
        delete from mana_ai.agents;
        delete from mana_ai.users;
        delete from mana_ai.runs;
        delete from mana_ai.folded_changes;
        delete from mana_ai.llm_calls;
        delete from mana_ai.llm_rate_limits;
        delete from mana_ai.token_usage;
        delete from mana_ai.budgets;
        update mana_ai.cursor
           set system_identifier = null, database_oid = null, table_oid = null, generation = null, read_at = null,
               snapshot = null, swept_at = null, sweep_snapshot = null;
        update mana_ai.llm_breakers
           set is_open = false, opened_at = null, open_until = null, trips = 0, probe_run = null, probe_epoch = null,
               detail = null
        """;

    private SimulationWorld(LedgerBench bench, LlmStubServer llm)
    {
        (Bench, Llm) = (bench, llm);
        Source = NpgsqlDataSource.Create(bench.Database.ReaderConnectionString);
    }

    public LedgerBench Bench { get; }

    public TestDatabase Database => Bench.Database;

    public LlmStubServer Llm { get; }

    /// <summary>What the nodes log in with.</summary>
    public NpgsqlDataSource Source { get; }

    public Metrics Metrics { get; } = new();

    public static async Task<SimulationWorld> CreateAsync(LogGeneration generation) =>
        new(await LedgerBench.CreateAsync(generation), await LlmStubServer.StartAsync());

    /// <summary>As if nothing had ever happened.</summary>
    public async Task ForgetAsync()
    {
        Llm.Behave();
        Llm.Calls.Clear();
        await Database.ExecuteAsync(Forget);
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
        await Bench.DisposeAsync();
    }
}
