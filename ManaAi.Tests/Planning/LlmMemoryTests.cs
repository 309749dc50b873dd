using System.Diagnostics.CodeAnalysis;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>Measures the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(LlmMemoryTests), DisableParallelization = true)]
public sealed class LlmMemoryCollection;

[Collection(nameof(LlmMemoryTests))]
public sealed class LlmMemoryTests
{
    private const int Batches = 4;
    private const int BatchCalls = 2_500;
    private const int AtOnce = 16;

    // 100 bytes for each call: what would be kept of any of them is more.
    private const long GrowthMax = 100L * BatchCalls;

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
            .All.Where(behaviour => behaviour.Limits is null && !behaviour.IsHeavy)
            .ToList();
        var turn = 0;
        await using var server = new LlmScriptedServer(conversation =>
            quick[Interlocked.Increment(ref turn) % quick.Count].Script(conversation)
        );
        using var client = LlmBench.Client(server.Address);

        await CallAsync(client, 2 * BatchCalls); // Warm: code is compiled, pools are about as large as they get.
        var growths = new List<long>();
        for (var batch = 0; batch < Batches; batch++)
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            await CallAsync(client, BatchCalls);
            growths.Add(GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        // A leak grows in every batch; a pool that takes another buffer grows in one.
        growths.Min().ShouldBeLessThan(GrowthMax);
        // Not more than calls; a few less, where a connection was kept that the server had just closed.
        server.Requests.ShouldBeInRange(Batches * BatchCalls, (Batches + 2) * BatchCalls);
    }

    private static Task CallAsync(LlmClient client, int calls) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, calls),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (_, cancellationToken) => await client.CompleteAsync(LlmBench.Request, cancellationToken)
        );
}
