using ManaAi.Actors.Explanations;
using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Explanations;

/// <summary>How explanations read in German; that each of them is German is checked wherever one is told.</summary>
public sealed class WhyGermanTests : WhySituations
{
    [Fact]
    public void Numbers_and_counts_are_written_as_in_German()
    {
        var answer = Why.Explain(
            Due with
            {
                Last = Closed("planned") with { PromptTokens = 22_000, Calls = 1 },
                Spendings = [new Spending("agent", 1_000_000, 900_000, 200_000)],
            },
            Limits,
            WhyWords.German
        );

        answer.FirstLine.ShouldBe(
            "fällig seit 2026-03-02T09:00:00.000Z: das Budget des Agenten ist für andere Aufrufe reserviert"
        );
        answer.Sentences.ShouldBe([
            "Lauf 7 ist seit 2026-03-02T08:58:00.000Z offen (2 min); noch gab es keinen Versuch.",
            "Der letzte Lauf, der zu Ende ging, Lauf 6, fällig 2026-03-01T09:00:00.000Z, wurde um 2026-03-01T09:00:05.000Z von Knoten node-1 geplant (1 Versuch, 1 Aufruf, 22.200 Token).",
            "Vom Budget des Agenten, 1.000.000 Token am Tag, sind 900.000 verbraucht und 200.000 für laufende Aufrufe reserviert; sie wartet, bis diese enden.",
            "Danach läuft sie um 2026-03-03T09:00:00.000Z, nach ihrem Rhythmus.",
            "Die timeZone der Mission ist UTC.",
        ]);
    }

    [Fact]
    public void What_waits_for_its_time_says_when_it_comes() =>
        Why.Explain(Later with { UserRunning = 2 }, Limits, WhyWords.German)
            .Sentences.ShouldContain("Der nächste Lauf ist in 3 h 0 min.");

    [Fact]
    public void What_an_operator_or_a_server_said_stays_as_it_is() =>
        Why.Explain(
                Due with
                {
                    Open = Open with
                    {
                        WaitsFor = "write-back",
                        Attempts = 1,
                        LastError = "of a form that nobody knows",
                        ClaimableAt = Now.AddMinutes(5),
                    },
                },
                Limits,
                WhyWords.German
            )
            .Sentences.ShouldContain(
                "Die Antwort ist aufgehoben, aber sie ließ sich nicht schreiben: of a form that nobody knows. Der nächste Versuch ist um 2026-03-02T09:05:00.000Z, in 5 min."
            );
}
