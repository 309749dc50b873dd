using System.Globalization;
using ManaAi.Bench.Chaos;

namespace ManaAi.Tests.Chaos;

/// <summary>How `./dev chaos` tells why an occurrence was asked about more than once.</summary>
public sealed class CallAuditTests
{
    [Fact]
    public void A_call_that_died_with_its_node_is_made_again_and_said_so()
    {
        var audit = Audit("claimed 1", "asked 1", "taken-over 2", "asked 2", "answered 2", "planned 2");

        (audit.Asked, audit.Occurrences, audit.MostOfOneOccurrence).ShouldBe((2, 1, 2));
        audit.Again.ShouldHaveSingleItem().Key.ShouldBe("the node was gone during the call");
        (audit.KeptAnswersUsed, audit.PaidTwice).ShouldBe((0, 0));
    }

    [Fact]
    public void An_answer_that_was_kept_is_used_by_the_claim_after_it()
    {
        var audit = Audit("claimed 1", "asked 1", "answered 1", "taken-over 2", "planned 2");

        (audit.Asked, audit.KeptAnswersUsed, audit.PaidTwice).ShouldBe((1, 1, 0));
    }

    [Fact]
    public void Asking_again_though_the_answer_was_kept_is_paying_twice()
    {
        var audit = Audit("claimed 1", "asked 1", "answered 1", "taken-over 2", "asked 2", "planned 2");

        audit.PaidTwice.ShouldBe(1);
    }

    [Fact]
    public void Asking_again_after_an_answer_that_was_no_plan_is_not()
    {
        var audit = Audit("claimed 1", "asked 1", "answered 1", "answer-refused 1", "asked 1", "planned 1");

        audit.PaidTwice.ShouldBe(0);
        audit.Again.ShouldHaveSingleItem().Key.ShouldBe("the answer was no plan");
    }

    [Fact]
    public void A_wait_is_told_by_its_reason_alone()
    {
        var audit = Audit("claimed 1", "asked 1", "waits 1 retry: HTTP 503", "claimed 2", "asked 2");

        audit.Again.ShouldHaveSingleItem().Key.ShouldBe("waited: retry");
    }

    /// <param name="story">Of one run: kind, epoch, and what is said about it.</param>
    private static CallAudit Audit(params string[] story) =>
        CallAudit.Of(
            story
                .Select(one => one.Split(' ', 3))
                .Select(words => new RunEvent(
                    1,
                    words[0],
                    DateTimeOffset.UnixEpoch,
                    long.Parse(words[1], CultureInfo.InvariantCulture),
                    "node-a",
                    words.Length > 2 ? words[2] : null
                ))
        );
}
