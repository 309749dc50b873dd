using System.Globalization;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Runs;

/// <summary>A mission that fails again and again is tried less often: after 1, 2, 4, 8 … periods. Pure.</summary>
public static class Slowdown
{
    /// <summary>However often it failed, it is tried again within this time, or at its next period.</summary>
    public static TimeSpan Max { get; } = TimeSpan.FromDays(7);

    private const int DoublingsMax = 20;

    /// <param name="failures">In a row, the last one included.</param>
    public static int Periods(long failures) => 1 << (int)Math.Clamp(failures - 1, 0, DoublingsMax);

    /// <summary>
    /// When somebody last changed the mission: what failed before that does not count any more. Our own fields do not
    /// count, and no stamp from the future, which would stand for every time to come.
    /// </summary>
    internal static DateTimeOffset EditedAt(RecordFold fold, DateTimeOffset now) =>
        fold.Times("iterations", "nextRunAt", "updatedAt")
            .Select(time =>
                DateTimeOffset.TryParse(
                    time,
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                    out var at
                )
                && at <= now
                    ? at
                    : DateTimeOffset.UnixEpoch
            )
            .DefaultIfEmpty(DateTimeOffset.UnixEpoch)
            .Max();
}
