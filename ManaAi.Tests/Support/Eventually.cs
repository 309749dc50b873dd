using System.Diagnostics;

namespace ManaAi.Tests.Support;

/// <summary>Waits for what another process or thread brings about, by looking; the deadline is only for what never comes.</summary>
internal static class Eventually
{
    /// <summary>Generous: a busy build machine must not fail a test that is right.</summary>
    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(25);

    /// <summary>Looks until it is so, and fails with what was seen last.</summary>
    public static async Task<T> SeesAsync<T>(
        Func<Task<T>> look,
        Func<T, bool> isSo,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(isSo))] string what = ""
    )
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var seen = await look();
            if (isSo(seen))
            {
                return seen;
            }

            if (Stopwatch.GetElapsedTime(started) > _deadline)
            {
                Assert.Fail($"never came: {what}; seen last: {seen}");
            }

            await Task.Delay(_pause, TimeProvider.System);
        }
    }
}
