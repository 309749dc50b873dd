using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;
using LogGeneration = ManaAi.Tests.Support.LogGeneration;

namespace ManaAi.Tests.ChangeLog;

/// <summary>
/// Whatever devices do and whenever they commit, after each read the projection is what folding all that is visible
/// from nothing gives; what is late by more than the margin has until the next sweep.
/// </summary>
public sealed class ChangeFeedRandomTests
{
    private const int Steps = 40;

    public static TheoryData<int> Seeds { get; } = [.. Enumerable.Range(1, 30)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task The_projection_is_always_the_fold_from_nothing(int seed)
    {
        var random = new Random(seed);
        var options = new FeedOptions
        {
            RowsMax = random.Next(1, 12),
            BytesMax = random.Next(1, 2000),
            WholeRowsMax = random.Next(1, 12),
            WholeBytesMax = random.Next(1, 2000),
            WholeUserBytesMax = random.Next(1, 4000),
            SweepInterval = random.Next(4) == 0 ? TimeSpan.Zero : TimeSpan.FromMinutes(5),
        };
        await using var bench = await FeedBench.CreateAsync((LogGeneration)random.Next(1, 3), options);
        await using var devices = new RandomDevices(bench, random);
        for (var step = 0; step < Steps; step++)
        {
            await devices.StepAsync();
            if (random.Next(3) > 0)
            {
                continue;
            }

            await StepFeedAsync(bench, devices, random);
            await bench.ShouldBeFoldFromNothingAsync($"seed {seed}, step {step}");
        }

        await devices.EndAllAsync();
        await bench.SweepAsync();
        await bench.ShouldBeFoldFromNothingAsync($"seed {seed}, at rest");
        (await bench.SweepAsync()).Rows.ShouldBe(0);
    }

    private static async Task StepFeedAsync(FeedBench bench, RandomDevices devices, Random random)
    {
        if (random.Next(15) == 0)
        {
            await bench.Rows.ExecuteAsync("UPDATE mana_ai.cursor SET table_oid = 1");
        }

        await (
            devices.HasWrittenBeyondMargin || random.Next(4) == 0 ? bench.SweepAsync() : bench.FoldAsync()
        );
        devices.HasWrittenBeyondMargin = false;
    }
}
