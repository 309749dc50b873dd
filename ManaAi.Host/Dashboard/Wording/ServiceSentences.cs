using ManaAi.Actors.Explanations;

namespace ManaAi.Host.Dashboard.Wording;

/// <summary>The service's own sentences that pages get whole, since endpoints and commands tell them in English.</summary>
internal static class ServiceSentences
{
    private const string Roles =
        "bitte docker/postgres/roles.sql als Superuser auf dieser Datenbank ausführen (psql -v ON_ERROR_STOP=1 "
        + "-f docker/postgres/roles.sql) und SYNC_DATABASE_URL als mana_ai_reader anmelden lassen";

    private static readonly GermanForms Forms = new(
        // What keeps mana-llm from being asked.
        (
            @"mana-llm refuses the key since (?<at>[0-9: -]+Z) \((?<detail>.*)\): check MANA_LLM_KEY.*",
            "mana-llm lehnt den Schlüssel seit {0} ab ({1}): bitte MANA_LLM_KEY prüfen, oder den ersten aus "
                + "MANA_SERVICE_KEY, wo es nicht gesetzt ist; Läufe warten, und ein Aufruf je Minute fragt wieder"
        ),
        (
            @"an operator has paused the service since (?<at>[0-9: -]+Z) \((?<detail>.*)\): `mana-ai resume` ends it",
            "der ganze Dienst ist seit {0} von Hand angehalten ({1}): `mana-ai resume` setzt ihn fort"
        ),
        (
            @"mana-llm answers 429 for the model (?<model>.+) since (?<at>[0-9: -]+Z): runs wait.*",
            "mana-llm antwortet für das Modell {0} seit {1} mit 429: Läufe warten; ein größeres Kontingent hilft, oder "
                + "ein anderes Modell"
        ),
        (
            @"the breaker for mana-llm is open since (?<at>[0-9: -]+Z) \((?<detail>.*)\): check that mana-llm runs.*",
            "Aufrufe von mana-llm sind seit {0} angehalten ({1}): bitte prüfen, dass mana-llm läuft und MANA_LLM_URL "
                + "darauf zeigt; Läufe warten, und einzelne Aufrufe fragen, ob es wieder geht"
        ),
        // What keeps the database from answering.
        (
            "the database refuses the login: check user and password in SYNC_DATABASE_URL",
            "die Datenbank lehnt das Login ab: bitte Nutzer und Passwort in SYNC_DATABASE_URL prüfen"
        ),
        (
            "the database named in SYNC_DATABASE_URL does not exist",
            "die Datenbank, die SYNC_DATABASE_URL nennt, gibt es nicht"
        ),
        ("the database has no connection left", "die Datenbank hat keine Verbindung mehr frei"),
        ("a query took longer than its deadline", "eine Abfrage hat länger gedauert, als sie durfte"),
        ("a lock was not free within its deadline", "eine Sperre wurde nicht rechtzeitig frei"),
        (
            "the database answered with SQLSTATE (?<state>[0-9A-Z]+)",
            "die Datenbank antwortete mit SQLSTATE {0}"
        ),
        (
            "a connection to the database answered out of turn and was given up",
            "eine Verbindung zur Datenbank antwortete außer der Reihe und wurde aufgegeben"
        ),
        (
            "the database cannot be reached: check that it runs and that SYNC_DATABASE_URL points to it",
            "die Datenbank ist nicht erreichbar: bitte prüfen, dass sie läuft und SYNC_DATABASE_URL darauf zeigt"
        ),
        (
            @"the database did not answer within (?<seconds>\d+) s",
            "die Datenbank hat nicht in {0} s geantwortet"
        ),
        // What keeps the change log from being read or written.
        (
            @"The login (?<login>\S+) is a superuser without the documented roles.*",
            "Das Login {0} ist ein Superuser ohne die dokumentierten Rollen, darum trennt nur dieses Programm die "
                + $"Nutzer: {Roles}"
        ),
        (
            @"The login (?<login>\S+) does not see the change log.*",
            "Das Login {0} sieht das Änderungslog nicht (row-level security verbirgt ihm die Zeilen anderer Nutzer, "
                + $"oder es darf nicht lesen): {Roles}"
        ),
        (
            @"The login (?<login>\S+) cannot become mana_ai_user.*",
            $"Das Login {{0}} kann nicht mana_ai_user werden und darum nicht als ein Nutzer schreiben: {Roles}"
        ),
        (
            "As one user, mana_ai_user sees another user's rows.*",
            $"Als ein Nutzer sieht mana_ai_user Zeilen eines anderen im Änderungslog: {Roles}"
        ),
        (
            "As a user, mana_ai_user can neither read nor write.*",
            $"Als ein Nutzer kann mana_ai_user dessen eigene Zeilen weder lesen noch schreiben: {Roles}"
        ),
        (
            "As one user, mana_ai_user can write another user's rows.*",
            $"Als ein Nutzer kann mana_ai_user Zeilen eines anderen ins Änderungslog schreiben: {Roles}"
        ),
        (
            @"The change log public\.sync_changes is not in this database.*",
            "Das Änderungslog public.sync_changes ist nicht in dieser Datenbank: bitte SYNC_DATABASE_URL auf mana_sync "
                + "zeigen lassen und mana-sync einmal starten, damit es die Tabelle anlegt"
        ),
        (
            @"The schema mana_ai is missing and may not be made.*",
            $"Das Schema mana_ai fehlt und darf nicht angelegt werden, oder es gehört einer anderen Rolle: {Roles}"
        ),
        (
            @"The change log has no index for reading what is new, .* or as the table's owner (?<sql>.*)",
            "Dem Änderungslog fehlt der Index für neue Zeilen, darum liest jeder Tick mehr, als er müsste: bitte "
                + "docker/postgres/roles.sql mit -v log_index=1 als Superuser ausführen, oder als Eigner der Tabelle {0}"
        ),
        // What is wrong with an address or a form.
        (@"(?<field>\w+) must be there\.", "{0} fehlt."),
        (@"user must be there where a mission is\.", "Zu einer Mission gehört auch ihr Nutzer."),
        (
            @"(?<field>\w+) must have 1 to (?<max>\d+) characters, none of them a control character\.",
            "{0} muss 1 bis {1:#,0} Zeichen haben, und kein Steuerzeichen."
        ),
        (@"(?<field>\w+) must be one of (?<words>.+)\.", "{0} muss eines davon sein: {1}."),
        (
            @"(?<field>\w+) must be a whole number from 1 to (?<max>\d+)\.",
            "{0} muss eine ganze Zahl von 1 bis {1:#,0} sein."
        ),
        (
            @"cursor must be the nextCursor of an earlier page of the same list\.",
            "cursor muss der nextCursor einer früheren Seite derselben Liste sein."
        ),
        // Why a cadence has no further run.
        (
            @"The mission is manual: only its user starts it\.",
            "Die Mission läuft nur von Hand: nur ihr Nutzer startet sie."
        ),
        (
            @"The next run lies after the year (?<year>\d+), where the calendar ends\.",
            "Der nächste Lauf läge nach dem Jahr {0}, und dort endet der Kalender."
        ),
        (@"The mission has no cadence\.", "Die Mission hat keinen Rhythmus."),
        (
            @"The cadence is a JSON (?<kind>\w+) and no object\.",
            "Der Rhythmus ist in JSON kein Objekt, sondern {0}."
        ),
        (
            @"The cadence holds a text that is no valid Unicode\.",
            "Im Rhythmus steht ein Text, der kein gültiges Unicode ist."
        ),
        (@"The cadence has no kind\.", "Der Rhythmus hat kein Feld kind."),
        (
            @"A cron cadence needs expression, a text\.",
            "Ein Rhythmus der Art cron braucht expression, einen Text."
        ),
        (
            @"The cadence's kind is none of manual, interval, daily, weekly and cron\.",
            "Das Feld kind des Rhythmus ist keines von manual, interval, daily, weekly oder cron."
        ),
        (@"An interval needs everyMinutes, a number\.", "Ein Abstand braucht everyMinutes, eine Zahl."),
        (
            @"A (daily|weekly) cadence('s| needs) (?<field>\w+)(,| must be) a whole number from (?<low>\d+)( \(Sunday\))? to (?<high>\d+)\.",
            "Der Rhythmus braucht {0}, eine ganze Zahl von {1} bis {2}."
        ),
        (
            @"The cron expression ""(?<text>.*)"" never comes: no month that it names has such a day\.",
            "Der Cron-Ausdruck „{0}“ trifft nie zu: kein Monat, den er nennt, hat einen solchen Tag."
        ),
        (
            @"The cron expression is longer than (?<max>\d+) characters\.",
            "Der Cron-Ausdruck ist länger als {0:#,0} Zeichen."
        ),
        (
            @"The cron expression has (?<count>\d+) fields; it takes five.*",
            "Der Cron-Ausdruck hat {0:#,0} Felder; es müssen fünf sein: Minute, Stunde, Tag, Monat, Wochentag."
        ),
        (
            @"The cron nickname ""(?<text>.*)"" is none of (?<known>@.*) and (?<last>@.*)\.",
            "Der Cron-Name „{0}“ ist keiner von {1} oder {2}."
        ),
        (
            @"""(?<text>.*)"" is no (minute|hour|day of month|month|day of week) of a cron expression; .*",
            "„{0}“ ist kein Feld eines Cron-Ausdrucks: Zahlen, *, Listen (1,2), Bereiche (1-5) und Schritte (*/2) sind es."
        )
    );

    public static string? German(string? text) => Forms.German(text);
}
