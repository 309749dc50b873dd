namespace ManaAi.Actors.Explanations;

/// <summary>The details that the ledger and its events keep. They are kept in English, whoever reads them.</summary>
public static class LedgerText
{
    private static readonly GermanForms Forms = new(
        // What migration 0005 and requests.sql write of events.
        (@"attempt (?<n>\d+)", "Versuch {0:#,0}"),
        (@"call (?<n>\d+) to (?<model>.+)", "Aufruf {0:#,0} an {1}"),
        (@"(?<n>\d+) tokens so far", "bisher {0:#,0} Token"),
        (@"repeats run (?<n>\d+)", "wiederholt Lauf {0}"),
        (@"(?<why>.*), until (?<at>[0-9T:-]{19}Z)", "{0}, bis {1}"),
        // What SkipRule and MissedRule say.
        (@"Its agent (?<id>.+) is paused\.", "Ihr Agent {0} ist pausiert."),
        (@"Its agent (?<id>.+) is archived\.", "Ihr Agent {0} ist archiviert."),
        (
            @"The (?<kind>[a-z]+)'s budget of (?<n>\d+) tokens a day is used up: (?<used>\d+) in the last 24 hours\.",
            "Das Budget {0:whose} von {1:#,0} Token am Tag ist verbraucht: {2:#,0} in den letzten 24 Stunden."
        ),
        (
            @"Its iterations take (?<n>\d+) bytes; with one more the row would exceed (?<max>\d+)\.",
            "Ihre Iterationen brauchen {0:#,0} Byte; mit einer weiteren wäre die Zeile größer als {1:#,0}."
        ),
        (
            @"(?<n>\d+) of its plans await review, and MAX_UNREVIEWED_ITERATIONS is (?<max>\d+)\.",
            "{0:#,0} ihrer Pläne warten auf Durchsicht, und MAX_UNREVIEWED_ITERATIONS ist {1}."
        ),
        (
            @"It was due at (?<at>[^,]+), longer ago than MISSED_AFTER_MS \((?<span>[^)]+)\)\.",
            "Sie war um {0} fällig, länger her als MISSED_AFTER_MS ({1})."
        ),
        (
            @"It was due at (?<at>[^,]+), more than one tick interval ago \((?<span>[^)]+)\), and MISSED_RUNS is skip\.",
            "Sie war um {0} fällig, mehr als einen Takt der Ticks her ({1}), und MISSED_RUNS ist skip."
        ),
        // Why a run waits, and why it was cancelled where nobody gave a reason.
        (
            @"calls under way have reserved what is left of the (?<kind>[a-z]+)'s budget",
            "laufende Aufrufe haben den Rest des Budgets {0:whose} reserviert"
        ),
        ("mana-llm answered 429", "mana-llm antwortete 429"),
        (
            "the change log did not take the result: SQLSTATE (?<state>[0-9A-Z]+)",
            "das Änderungslog nahm das Ergebnis nicht an: SQLSTATE {0}"
        ),
        ("an operator cancelled it", "von Hand abgebrochen")
    );

    public static string? In(WhyWords words, string? detail) =>
        words.IsGerman ? Forms.German(detail) : detail;
}
