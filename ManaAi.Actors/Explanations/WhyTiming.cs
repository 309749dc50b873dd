using ManaAi.Actors.Missions;
using static ManaAi.Actors.Explanations.WhyText;

namespace ManaAi.Actors.Explanations;

/// <summary>Whether a mission is due, by its record and its runs alone. Pure.</summary>
internal abstract record WhyTiming
{
    private WhyTiming() { } // Closed: only the cases below can exist.

    public sealed record Due(DateTimeOffset At) : WhyTiming;

    public sealed record NotDueUntil(DateTimeOffset At, string Why) : WhyTiming;

    public sealed record Never(string Why) : WhyTiming;

    public static WhyTiming Of(WhyFacts facts, WhyLimits limits, WhyWords words)
    {
        if (facts is { IsClaimed: true, Open: { } claimed })
        {
            return new Due(claimed.DueAt);
        }

        if (NeverOf(facts, words) is { } never)
        {
            return new Never(never);
        }

        if (facts.Open is { Kind: "manual" } asked)
        {
            return new Due(asked.DueAt);
        }

        return facts.NextRunAt switch
        {
            null => new Never(WithoutDate(facts, words)),
            { } next when next > facts.Now => new NotDueUntil(
                next,
                words.Pick("its nextRunAt is ahead", "ihr nextRunAt liegt noch voraus")
            ),
            { } next => Reached(facts, limits, next, words),
        };
    }

    private static WhyTiming Reached(WhyFacts facts, WhyLimits limits, DateTimeOffset next, WhyWords words)
    {
        if (facts.AtNextRun is not { Verdict: { } verdict } || verdict == "superseded")
        {
            return new Due(next);
        }

        var ended = words.Of(
            $"its run of {At(next)} has ended as {verdict}",
            $"ihr Lauf von {At(next)} ist zu Ende ({GermanOf(verdict)})"
        );
        if (!limits.Runs.IsScheduleAdvanced)
        {
            return new Never(
                words.Of(
                    $"{ended}, and with ADVANCE_SCHEDULE=false it waits for a device to write another nextRunAt",
                    $"{ended}, und mit ADVANCE_SCHEDULE=false wartet sie, bis ein Gerät einen anderen nextRunAt schreibt"
                )
            );
        }

        return NextAfter(facts, limits, facts.Now) is { } later
            ? new NotDueUntil(
                later,
                words.Of(
                    $"{ended}, and the next tick moves nextRunAt on",
                    $"{ended}, und der nächste Tick rückt nextRunAt weiter"
                )
            )
            : new Never(
                words.Of(
                    $"{ended}, and its cadence has no further run",
                    $"{ended}, und ihr Rhythmus sieht keinen weiteren Lauf vor"
                )
            );
    }

    /// <summary>The run that the cadence has after an instant; null where there is none.</summary>
    public static DateTimeOffset? NextAfter(WhyFacts facts, WhyLimits limits, DateTimeOffset instant) =>
        facts is { Cadence: { } cadence, Zone: { } zone }
            ? Schedule.NextRunAt(cadence, zone.Zone, instant, limits.Schedule.IntervalMinutesMin)
            : null;

    private static string? NeverOf(WhyFacts facts, WhyWords words) =>
        facts switch
        {
            { IsDeleted: true } => words.Pick("the mission is deleted", "die Mission ist gelöscht"),
            { Obstacle: Obstacles.NewerSchema } => words.Of(
                $"a row of it has schema_version {facts.NewerSchema}, which this version does not understand; upgrade the service",
                $"eine ihrer Zeilen hat schema_version {facts.NewerSchema}, und diese Version versteht das nicht; bitte den Dienst aktualisieren"
            ),
            { Obstacle: Obstacles.Incomplete } => words.Pick(
                "its record has no objective or no cadence; a device has to save it again",
                "ihr Datensatz hat kein Ziel oder keinen Rhythmus; ein Gerät muss sie neu speichern"
            ),
            { Obstacle: Obstacles.Ciphertext } => words.Pick(
                "its objective or concept is encrypted, so it is left to its devices",
                "ihr Ziel oder Konzept ist verschlüsselt, darum bleibt sie ihren Geräten überlassen"
            ),
            { Obstacle: Obstacles.UnreadableNextRunAt } => words.Pick(
                "its nextRunAt does not read as an instant",
                "ihr nextRunAt ist nicht als Zeitpunkt lesbar"
            ),
            { Obstacle: { } other } => words.Of(
                $"the record has an obstacle: {other}",
                $"im Datensatz steht ein Hindernis: {other}"
            ),
            { State: "active" } => null,
            { State: "paused" or "done" or "archived" } => words.Of(
                $"its state is {facts.State}",
                $"sie ist {GermanOf(facts.State)}"
            ),
            _ => words.Pick(
                "its state is none of active, paused, done and archived",
                "ihr Zustand ist keiner von aktiv, pausiert, erledigt oder archiviert"
            ),
        };

    private static string WithoutDate(WhyFacts facts, WhyWords words) =>
        facts switch
        {
            { NeedsSchedule: true } => words.Pick(
                "it has no nextRunAt yet; the next tick writes the first one from its cron expression",
                "sie hat noch keinen nextRunAt; der nächste Tick schreibt den ersten nach ihrem Cron-Ausdruck"
            ),
            { Cadence: Cadence.Manual } => words.Pick(
                "it is manual and has no nextRunAt: it runs when somebody asks for it",
                "sie läuft nur von Hand und hat keinen nextRunAt: sie läuft, wenn jemand sie anfordert"
            ),
            { Cadence: Cadence.Unreadable } => words.Pick(
                "it has no nextRunAt, and its cadence cannot be read",
                "sie hat keinen nextRunAt, und ihr Rhythmus ist nicht lesbar"
            ),
            { Cadence: Cadence.Cron } => words.Pick(
                "it has no nextRunAt, and its cron expression never comes or cannot be read",
                "sie hat keinen nextRunAt, und ihr Cron-Ausdruck trifft nie zu oder ist nicht lesbar"
            ),
            _ => words.Pick(
                "it has no nextRunAt; a device writes one when the mission is next saved or run there",
                "sie hat keinen nextRunAt; ein Gerät schreibt einen, wenn es sie wieder speichert oder ausführt"
            ),
        };

    /// <summary>A mission's state or a run's verdict, as the dashboard calls it.</summary>
    private static string GermanOf(string word) =>
        word switch
        {
            "paused" => "vom Nutzer pausiert",
            "done" => "erledigt",
            "archived" => "archiviert",
            "planned" => "geplant",
            "empty" => "nichts zu tun",
            "failed" => "gescheitert",
            "skipped" => "übergangen",
            _ => word,
        };
}
