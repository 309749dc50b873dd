using System.Text.RegularExpressions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Runs;

/// <summary>A failed iteration is read by a person who knows neither HTTP nor JSON.</summary>
public sealed class VerdictsTests
{
    // What an operator may read in the detail, and a user must not meet.
    private static readonly string[] _technical =
    [
        "429",
        "500",
        "503",
        "http",
        "json",
        "token",
        "timeout",
        "schema",
        "parse",
        "llm",
        "exception",
        "status",
        "finish_reason",
        "lease",
        "claim",
        "epoch",
        "record",
        "database",
        "server",
        "null",
        "{",
        "}",
        "<",
        "_",
    ];

    private static readonly Dictionary<string, Verdict.Failed> _all = new()
    {
        ["unusable"] = Verdicts.UnusablePlan("Step 1 has no params."),
        ["refused"] = Verdicts.Refused("content_filter"),
        ["blocked"] = Verdicts.Rejected(new LlmOutcome.Rejected(400, "blocked", "no")),
        ["rejected"] = Verdicts.Rejected(new LlmOutcome.Rejected(404, "unknown", "no such model")),
        ["unavailable"] = Verdicts.LlmUnavailable(new LlmOutcome.Unavailable("timeout", "first byte"), 5),
        ["rate-limited"] = Verdicts.RateLimited(TimeSpan.FromHours(6)),
        ["attempts"] = Verdicts.AttemptsUsedUp(5),
        ["calls"] = Verdicts.CallsUsedUp(10),
        ["unreadable"] = Verdicts.UnreadableMission(),
    };

    public static TheoryData<string> Names => [.. _all.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void What_the_user_reads_is_a_plain_sentence_or_two(string name)
    {
        var sentence = _all[name].ToFailure().Summary.ShouldNotBeNull();

        Regex.IsMatch(sentence, "^[A-Z][^.!?]+[.]( [A-Z][^.!?]+[.])?$").ShouldBeTrue(sentence);
        sentence.Length.ShouldBeLessThan(140);
        _technical
            .Where(word => sentence.Contains(word, StringComparison.OrdinalIgnoreCase))
            .ShouldBeEmpty(sentence);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_failed_has_a_word_and_a_detail_for_the_operator(string name)
    {
        var failed = _all[name];

        failed.Word.ShouldBe("failed");
        failed.Detail.Length.ShouldBeGreaterThan(10);
        Regex.IsMatch(failed.Reason.Word(), "^[a-z]+(-[a-z]+)*$").ShouldBeTrue();
    }

    [Fact]
    public void Every_reason_to_fail_has_a_word_of_its_own_and_a_verdict_that_uses_it()
    {
        var reasons = Enum.GetValues<FailReason>();

        reasons.Select(reason => reason.Word()).Distinct().Count().ShouldBe(reasons.Length);
        _all.Values.Select(failed => failed.Reason).Distinct().ShouldBe(reasons, ignoreOrder: true);
    }

    [Fact]
    public void A_plan_without_steps_is_empty_and_one_with_steps_is_planned()
    {
        var step = new PlannedStep("s", "create_task", default, "r");

        new Verdict.Planned(new Plan(null, [])).Word.ShouldBe("empty");
        new Verdict.Planned(new Plan(null, [step])).Word.ShouldBe("planned");
        new Verdict.Skipped("missed", "too old").Word.ShouldBe("skipped");
    }
}
