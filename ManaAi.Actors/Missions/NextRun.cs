using NodaTime;

namespace ManaAi.Actors.Missions;

/// <summary>When a mission runs next: an instant, or never, and then why.</summary>
public abstract record NextRun
{
    private NextRun() { } // Closed: only the cases below can exist.

    /// <param name="Instant">Whole milliseconds, as the ISO text on the wire has them.</param>
    public sealed record At(Instant Instant) : NextRun
    {
        /// <summary>The hour that was meant and that spring took away; null where the run is at its own hour.</summary>
        public LocalDateTime? SkippedWallTime { get; init; }

        /// <summary>The clock on the wall shows this hour twice in autumn; this is the first of the two.</summary>
        public bool IsFirstOfTwo { get; init; }

        /// <summary>The interval is below MIN_INTERVAL_MINUTES, and was taken as that.</summary>
        public bool IsRaisedToMinimum { get; init; }
    }

    /// <param name="Reason">A sentence for people.</param>
    public sealed record Never(string Reason) : NextRun;
}
