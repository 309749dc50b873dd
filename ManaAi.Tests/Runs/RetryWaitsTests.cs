using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Runs;

public sealed class RetryWaitsTests
{
    [Theory]
    [InlineData(2000, 1, 0, 2000)]
    [InlineData(2000, 2, 0, 4000)]
    [InlineData(2000, 3, 0, 8000)]
    [InlineData(2000, 5, 0, 32_000)]
    [InlineData(2000, 1, 1, 3000)] // Up to a half is added, so that what failed together does not come back together.
    [InlineData(2000, 3, 0.5, 10_000)]
    [InlineData(0, 20, 1, 0)]
    [InlineData(600_000, 3, 0, 2_400_000)]
    [InlineData(600_000, 4, 0, 3_600_000)] // An hour is the most.
    [InlineData(600_000, 20, 1, 3_600_000)]
    [InlineData(2000, int.MaxValue, 1, 3_600_000)]
    public void Waits_double_with_each_attempt_up_to_an_hour(
        int baseMs,
        int attempt,
        double jitter,
        int waitMs
    ) =>
        RetryWaits
            .AfterFailure(TimeSpan.FromMilliseconds(baseMs), attempt, jitter)
            .ShouldBe(TimeSpan.FromMilliseconds(waitMs));

    [Fact]
    public void No_later_wait_is_shorter_than_an_earlier_one_whatever_chance_adds()
    {
        for (var attempt = 1; attempt < 20; attempt++)
        {
            var longest = RetryWaits.AfterFailure(TimeSpan.FromSeconds(2), attempt, jitter: 1);
            RetryWaits
                .AfterFailure(TimeSpan.FromSeconds(2), attempt + 1, jitter: 0)
                .ShouldBeGreaterThanOrEqualTo(longest);
        }
    }
}
