using System.Diagnostics.CodeAnalysis;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>Measures the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(LlmMemoryTests), DisableParallelization = true)]
public sealed class LlmMemoryCollection;

[Collection(nameof(LlmMemoryTests))]
public sealed class LlmMemoryTests
{
    private const int Calls = 10_000;
    private const int AtOnce = 16;

    // 100 bytes for each call: what would be kept of any of them is more.
    private const long GrowthMax = 100L * Calls;

    [SuppressMessage(
        "Major Code Smell",
        "S1215",
        Justification = "The measure is what is left after a collection."
    )]
    [Fact]
    public async Task Memory_stays_flat_over_ten_thousand_bad_calls()
    {
        // Those that end by themselves and at once: time limits would make this a test of patience.
        var quick = LlmBadBehaviours
            .All.Where(behaviour => behaviour.EndsAtMs == 0 && !behaviour.IsHeavy)
            .ToList();
        var turn = 0;
        await using var server = new LlmScriptedServer(conversation =>
            quick[Interlocked.Increment(ref turn) % quick.Count].Script(conversation)
        );
        using var client = LlmBench.Client(server.Address);

        await CallAsync(client, Calls); // Warm: pools and caches are as large as they get.
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await CallAsync(client, Calls);
        var after = GC.GetTotalMemory(forceFullCollection: true);

        // Not more than calls; a few less, where a connection was kept that the server had just closed.
        server.Requests.ShouldBeInRange(Calls, 2 * Calls);
        (after - before).ShouldBeLessThan(GrowthMax);
    }

    private static Task CallAsync(LlmClient client, int calls) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, calls),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (_, cancellationToken) => await client.CompleteAsync(LlmBench.Request, cancellationToken)
        );
}
