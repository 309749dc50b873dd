using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>A fresh bench for each test.</summary>
public abstract class BenchTests : IAsyncLifetime
{
    internal LedgerBench Bench { get; private set; } = null!;

    private protected TestDatabase Database => Bench.Database;

    public async Task InitializeAsync() => Bench = await LedgerBench.CreateAsync();

    public async Task DisposeAsync() => await Bench.DisposeAsync();
}
