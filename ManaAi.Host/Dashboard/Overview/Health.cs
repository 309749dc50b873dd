using ManaAi.Actors.Database;
using ManaAi.Actors.Overviews;
using ManaAi.Actors.Runs;

namespace ManaAi.Host.Dashboard.Overview;

/// <summary>How the service is, in one sentence: the worst thing that is so, or that nothing is. Pure.</summary>
/// <param name="Level">ok, warn or bad.</param>
/// <param name="TextKey">A key of the texts, with <paramref name="Values"/> for its gaps.</param>
public sealed record Health(string Level, string TextKey, IReadOnlyList<HealthValue> Values)
{
    /// <summary>A run that waits longer than this though any node could have claimed it is worth a look.</summary>
    private static readonly TimeSpan LagMax = TimeSpan.FromMinutes(2);

    /// <summary>Ticks that fail once are tried again; three in a row are a fault.</summary>
    private const int TicksMissedMax = 3;

    // Of fewer runs a share says nothing.
    private const long FailedMin = 5;

    /// <param name="pulse">null: the database does not answer.</param>
    /// <param name="tickInterval">null where there is no timer.</param>
    public static Health Of(Readiness readiness, Pulse? pulse, TimeSpan? tickInterval)
    {
        if (!readiness.IsReady)
        {
            return new(
                "bad",
                "health.not-ready",
                [HealthValue.Of(readiness.Reasons is [var reason, ..] ? reason : "")]
            );
        }

        if (pulse is null)
        {
            return new("bad", "health.silent", []);
        }

        return OfGate(pulse)
            ?? OfTicks(pulse, tickInterval)
            ?? OfRuns(pulse)
            ?? OfDegradations(readiness, pulse);
    }

    private static Health OfDegradations(Readiness readiness, Pulse pulse) =>
        readiness.Degradations is [var degradation, ..]
            ? new("warn", "health.degraded", [HealthValue.Of(degradation)])
            : new("ok", "health.well", [HealthValue.Of(pulse.Minutes.Sum(minute => minute.All))]);

    private static Health? OfGate(Pulse pulse)
    {
        var gate = pulse.Gate.Entries;
        if (gate.FirstOrDefault(entry => entry.Cause == GateEntry.Paused) is { } paused)
        {
            return new(
                "warn",
                "health.paused",
                [HealthValue.Since(pulse.Now - paused.Since), HealthValue.Of(paused.Detail)]
            );
        }

        if (gate.FirstOrDefault(entry => entry.IsBreaker) is not { } breaker)
        {
            return null;
        }

        return new(
            "bad",
            breaker.Cause == GateEntry.Authorization ? "health.key-refused" : "health.breaker",
            [HealthValue.Since(pulse.Now - breaker.Since), HealthValue.Of(breaker.Detail)]
        );
    }

    private static Health? OfTicks(Pulse pulse, TimeSpan? tickInterval)
    {
        if (pulse.LogReadAt is not { } readAt)
        {
            return new("warn", "health.never-read", []);
        }

        var behind = pulse.Now - readAt;
        return tickInterval is { } interval && behind > (interval * TicksMissedMax) + LagMax
            ? new("bad", "health.not-ticking", [HealthValue.Since(behind)])
            : null;
    }

    private static Health? OfRuns(Pulse pulse)
    {
        if (pulse.Lag > LagMax)
        {
            return new(
                "warn",
                "health.behind",
                [HealthValue.Of(pulse.Open.Claimable), HealthValue.Since(pulse.Lag)]
            );
        }

        var (failed, planned) = (
            pulse.Minutes.Sum(minute => minute.Failed),
            pulse.Minutes.Sum(minute => minute.Planned)
        );
        return failed >= FailedMin && failed > planned
            ? new("warn", "health.failing", [HealthValue.Of(failed), HealthValue.Of(failed + planned)])
            : null;
    }
}

/// <summary>A number, a span or a text for a gap; the page knows how its language writes it.</summary>
public sealed record HealthValue(long? Number, TimeSpan? Span, string? Text)
{
    public static HealthValue Of(long number) => new(number, null, null);

    public static HealthValue Of(string text) => new(null, null, text);

    public static HealthValue Since(TimeSpan span) => new(null, span, null);
}
