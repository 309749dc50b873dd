namespace ManaAi.Tests.Simulation;

/// <summary>What happened in a run, to be told when it fails.</summary>
internal sealed class SimulationLog(int seed)
{
    private readonly List<string> _steps = [];

    public void Add(string step) => _steps.Add(step);

    public string Failure(IEnumerable<string> violations) =>
        $"seed {seed} (again: MANA_SIMULATION_SEED={seed} ./dev test --filter FullyQualifiedName~Simulation)\n"
        + string.Join('\n', violations.Distinct())
        + "\nafter\n  "
        + string.Join("\n  ", _steps);
}
