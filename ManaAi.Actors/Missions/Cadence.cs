namespace ManaAi.Actors.Missions;

/// <summary>How often a mission runs, as the device wrote it (PROTOCOL 3).</summary>
public abstract record Cadence
{
    private Cadence() { } // Closed: only the cases below can exist.

    public sealed record Manual : Cadence;

    public sealed record Interval(long EveryMinutes) : Cadence;

    public sealed record Daily(int AtHour, int AtMinute) : Cadence;

    /// <param name="DayOfWeek">0 is Sunday, 6 Saturday.</param>
    public sealed record Weekly(int DayOfWeek, int AtHour, int AtMinute) : Cadence;

    public sealed record Cron(string Expression) : Cadence;

    /// <summary>A cadence that cannot be read; <paramref name="Reason"/> is a sentence that says why.</summary>
    public sealed record Unreadable(string Reason) : Cadence;
}
