using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Runs;
using ManaAi.Host.Dashboard.Wording;
using ManaAi.Host.Internal;
using NodaTime;
using Npgsql;

namespace ManaAi.Tests.Dashboard;

/// <summary>What the ledger keeps and what the service says in English, on a German page.</summary>
public sealed class ServiceSentencesTests
{
    private static readonly Texts _english = Texts.In(Language.English);
    private static readonly Texts _german = Texts.In(Language.German);

    [Theory]
    [InlineData("claimed", "attempt 1", "Versuch 1")]
    [InlineData("taken-over", "attempt 12", "Versuch 12")]
    [InlineData("asked", "call 2 to mana/reasoning", "Aufruf 2 an mana/reasoning")]
    [InlineData("answered", "22691 tokens so far", "bisher 22.691 Token")]
    [InlineData("asked-for", "repeats run 22691", "wiederholt Lauf 22691")]
    [InlineData("paused", "too dear, until 2026-03-02T08:00:00Z", "too dear, bis 2026-03-02T08:00:00Z")]
    [InlineData(
        "skipped",
        "agent-paused: Its agent a 07 is paused.",
        "Agent pausiert: Ihr Agent a 07 ist pausiert."
    )]
    [InlineData("skipped", "cancelled: an operator cancelled it", "abgebrochen: von Hand abgebrochen")]
    [InlineData("skipped", "cancelled: the plan: is bad", "abgebrochen: the plan: is bad")]
    [InlineData("waits", "rate-limit: mana-llm answered 429", "429: mana-llm antwortete 429")]
    [InlineData("waits", "retry: timeout: no byte for 60 s", "weiterer Versuch: timeout: no byte for 60 s")]
    [InlineData("failed", "refused", "das Modell lehnte ab")]
    [InlineData("failed", "of-tomorrow: its detail", "of-tomorrow: its detail")]
    [InlineData("answer-refused", "There is no tool of that name.", "There is no tool of that name.")]
    [InlineData("due", null, "")]
    public void An_events_detail(string kind, string? detail, string german)
    {
        RunWords.Detail(_german, kind, detail).ShouldBe(german);
        RunWords.Detail(_english, kind, detail).ShouldBe(detail ?? "");
    }

    [Fact]
    public void Why_a_run_was_skipped()
    {
        Told(SkipRule.Budget(new Spending("user", 100_000, 120_500, 0)).Detail)
            .ShouldBe(
                "Das Budget des Nutzers von 100.000 Token am Tag ist verbraucht: 120.500 in den letzten 24 Stunden."
            );
        Told(SkipRule.TooLarge(8_388_700).Detail)
            .ShouldStartWith("Ihre Iterationen brauchen 8.388.700 Byte;");
        Told("It was due at 2026-03-02T08:00:00.000Z, longer ago than MISSED_AFTER_MS (7.00:00:00).")
            .ShouldBe(
                "Sie war um 2026-03-02T08:00:00.000Z fällig, länger her als MISSED_AFTER_MS (7.00:00:00)."
            );
    }

    [Theory]
    [InlineData(
        GateEntry.Failures,
        "Aufrufe von mana-llm sind seit 1970-01-01 00:00:00Z angehalten (timeout: 60 s):"
    )]
    [InlineData(
        GateEntry.Authorization,
        "mana-llm lehnt den Schlüssel seit 1970-01-01 00:00:00Z ab (timeout: 60 s):"
    )]
    [InlineData(
        GateEntry.RateLimit,
        "mana-llm antwortet für das Modell timeout: 60 s seit 1970-01-01 00:00:00Z mit 429:"
    )]
    [InlineData(
        GateEntry.Paused,
        "der ganze Dienst ist seit 1970-01-01 00:00:00Z von Hand angehalten (timeout: 60 s):"
    )]
    public void What_works_worse_than_it_should(string cause, string german)
    {
        var entry = new GateEntry(
            cause,
            TimeSpan.FromSeconds(1),
            DateTimeOffset.UnixEpoch,
            "timeout: 60 s",
            1,
            IsProbed: false
        );

        Told(new GateReading([entry]).Degradations.ShouldHaveSingleItem()).ShouldStartWith(german);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"kind":"\ud800"}""")]
    [InlineData("""{"kind":"manual"}""")]
    [InlineData("""{"kind":"yearly"}""")]
    [InlineData("""{"kind":"interval"}""")]
    [InlineData("""{"kind":"daily"}""")]
    [InlineData("""{"kind":"daily","atHour":9}""")]
    [InlineData("""{"kind":"weekly"}""")]
    [InlineData("""{"kind":"weekly","dayOfWeek":1}""")]
    [InlineData("""{"kind":"weekly","dayOfWeek":1,"atHour":9,"atMinute":99}""")]
    [InlineData("""{"kind":"cron"}""")]
    [InlineData("""{"kind":"cron","expression":"0 9"}""")]
    [InlineData("""{"kind":"cron","expression":"@often"}""")]
    [InlineData("""{"kind":"cron","expression":"99 9 * * *"}""")]
    [InlineData("""{"kind":"cron","expression":"0 9 * * FISH"}""")]
    [InlineData("""{"kind":"cron","expression":"0 9 31 2 *"}""")]
    public void Why_a_cadence_has_no_further_run(string json)
    {
        using var document = JsonDocument.Parse(json);
        var next = Schedule.NextAfter(
            CadenceJson.Parse(document.RootElement),
            DateTimeZone.Utc,
            Instant.FromUnixTimeSeconds(0),
            1
        );

        IsTold(next.ShouldBeOfType<NextRun.Never>().Reason);
    }

    [Fact]
    public void What_is_wrong_with_an_address_or_a_form()
    {
        IsTold(Refused(inputs => inputs.Id("user", "")));
        IsTold(Refused(inputs => inputs.Text("reason", "\u0007")));
        IsTold(Refused(inputs => inputs.Needed("reason", null)));
        IsTold(Refused(inputs => inputs.Word("state", "x", "open", "failed")));
        IsTold(Refused(inputs => inputs.Limit("0")));
        IsTold(Refused(inputs => inputs.NumberCursor("runs", "x")));
        IsTold("user must be there where a mission is.");
    }

    [Theory]
    [InlineData("The login x is a superuser without the documented roles, so nothing")]
    [InlineData("The login x does not see the change log (row-level security hides other users' rows")]
    [InlineData("The login x cannot become mana_ai_user, so it cannot write as a user: ")]
    [InlineData("As a user, mana_ai_user can neither read nor write the user's own rows: ")]
    public void What_keeps_the_change_log_from_being_read(string beginning)
    {
        IsTold($"{beginning}{LogAccessProbe.Remedy}");
        Told($"{beginning}{LogAccessProbe.Remedy}").ShouldContain("docker/postgres/roles.sql");
    }

    [Fact]
    public void What_keeps_the_database_from_answering()
    {
        IsTold(DatabaseFaults.Describe(new TimeoutException()));
        foreach (var state in (string[])["28P01", "3D000", "53300", "57014", "55P03", "XX000"])
        {
            IsTold(DatabaseFaults.Describe(new PostgresException("", "ERROR", "ERROR", state)));
        }
    }

    [Fact]
    public void What_is_not_known_stays_as_it_is_and_is_marked_as_English()
    {
        const string Unknown = "The certificate is of tomorrow.";

        Told(Unknown).ShouldBe(Unknown);
        _german.LanguageOf(Unknown).ShouldBe("en");
        _english.LanguageOf(Unknown).ShouldBeNull();
    }

    private static string Told(string text) => _german.Told(text);

    private static void IsTold(string text)
    {
        Told(text).ShouldNotBe(text);
        _german.LanguageOf(text).ShouldBeNull();
        _english.Told(text).ShouldBe(text);
    }

    private static string Refused(Action<Inputs> read)
    {
        var inputs = new Inputs();
        read(inputs);
        return inputs.Problem.ShouldNotBeNull().ProblemDetails.Detail.ShouldNotBeNull();
    }
}
