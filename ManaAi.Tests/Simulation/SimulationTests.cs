using System.Globalization;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Simulation;

/// <summary>
/// Several nodes over one database, with faults drawn from a seed; see docs/reliability.md. The parts run beside each
/// other, each on databases of its own.
/// </summary>
public abstract class SimulationTests(int part) : IAsyncLifetime
{
    public const int Parts = 3;

    /// <summary>How many seeds a run of the suite takes.</summary>
    private const int Seeds = 300;

    private readonly List<SimulationWorld> _worlds = [];

    /// <summary>MANA_SIMULATION_SEEDS of them in all parts together, or MANA_SIMULATION_SEED alone.</summary>
    private static IEnumerable<int> All =>
        Setting("MANA_SIMULATION_SEED") is { } one
            ? [one]
            : Enumerable.Range(1, Setting("MANA_SIMULATION_SEEDS") ?? Seeds);

    public async Task InitializeAsync()
    {
        foreach (var generation in Enum.GetValues<LogGeneration>())
        {
            _worlds.Add(await SimulationWorld.CreateAsync(generation));
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var world in _worlds)
        {
            await world.DisposeAsync();
        }
    }

    [Fact]
    public async Task Whatever_fails_each_occurrence_is_planned_once()
    {
        foreach (var seed in All.Where(seed => seed % Parts == part))
        {
            var world = _worlds[seed / Parts % _worlds.Count];
            (await SimulationRun.FailureOfAsync(world, seed)).ShouldBeNull();
        }
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
            : null;
}

public sealed class SimulationPartOneTests() : SimulationTests(0);

public sealed class SimulationPartTwoTests() : SimulationTests(1);

public sealed class SimulationPartThreeTests() : SimulationTests(2);
