using System.Text.RegularExpressions;
using ManaAi.Actors.Explanations;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using NodaTime;

namespace ManaAi.Tests.Explanations;

/// <summary>A mission in some situation, and what `why` says of it.</summary>
public abstract partial class WhySituations
{
    private protected static DateTimeOffset Now { get; } = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    private protected static WhyLimits Limits { get; } = new(new RunOptions(), new ScheduleOptions());

    private protected static WhyFacts Facts { get; } =
        new(new MissionKey(new UserId("user-1"), new MissionId("mission-1")), Now)
        {
            Cadence = new Cadence.Daily(9, 0),
            Zone = new MissionZone(
                DateTimeZone.Utc,
                ZoneSource.Mission,
                "The mission's timeZone is UTC.",
                "Die timeZone der Mission ist UTC."
            ),
            NextRunAt = Now,
        };

    private protected static RunDetails Open { get; } =
        new(7, Now, "scheduled")
        {
            OpenedAt = Now - TimeSpan.FromMinutes(2),
            ClaimableAt = Now - TimeSpan.FromMinutes(2),
        };

    private protected static WhyFacts Due { get; } = Facts with { Open = Open };

    private protected static WhyFacts Later { get; } = Facts with { NextRunAt = Now.AddHours(3) };

    private protected static RunDetails Closed(
        string verdict,
        string? reason = null,
        string? detail = null
    ) =>
        new(6, Now.AddDays(-1), "scheduled")
        {
            Verdict = verdict,
            Reason = reason,
            Detail = detail,
            Owner = "node-1",
            Attempts = 1,
            Calls = 2,
            PromptTokens = 800,
            CompletionTokens = 200,
            ClosedAt = Now.AddDays(-1).AddSeconds(5),
        };

    private protected static void Says(WhyFacts facts, string firstLine, params string[] sentences) =>
        Says(facts, Limits, firstLine, sentences);

    private protected static void Says(
        WhyFacts facts,
        WhyLimits limits,
        string firstLine,
        params string[] sentences
    )
    {
        var answer = Why.Explain(facts, limits);

        answer.FirstLine.ShouldBe(firstLine);
        foreach (var sentence in sentences)
        {
            answer.Sentences.ShouldContain(sentence);
        }

        answer.Sentences.ShouldAllBe(sentence =>
            sentence.EndsWith('.') && !sentence.Contains("..", StringComparison.Ordinal)
        );
        string.Concat(answer.Sentences).ShouldNotContain("secret");
        SaysTheSameInGerman(answer, Why.Explain(facts, limits, WhyWords.German));
    }

    /// <summary>Sentence by sentence, and nothing of the English has been left over.</summary>
    private static void SaysTheSameInGerman(WhyAnswer english, WhyAnswer german)
    {
        (german.Due, german.At, german.Sentences.Count).ShouldBe(
            (english.Due, english.At, english.Sentences.Count)
        );
        var (told, meant) = (
            (string[])[german.FirstLine, .. german.Sentences],
            (string[])[english.FirstLine, .. english.Sentences]
        );
        told.ShouldAllBe(sentence => !sentence.Contains("..", StringComparison.Ordinal));
        foreach (var (sentence, original) in told.Zip(meant))
        {
            sentence.ShouldNotBe(original);
            Telltale().Matches(sentence).Select(match => match.Value).ShouldBeEmpty(sentence);
        }
    }

    // Words that stand in the explanations and in no German sentence.
    [GeneratedRegex(
        @"(?<![\w-])(the|is|are|has|until|and|by|of|at|it|its|node|run|due|after|will|plans?|calls?|attempts?|tokens|paused|archived|done)(?![\w-])"
    )]
    private static partial Regex Telltale();
}
