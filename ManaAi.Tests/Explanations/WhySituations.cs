using ManaAi.Actors.Explanations;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using NodaTime;

namespace ManaAi.Tests.Explanations;

/// <summary>A mission in some situation, and what `why` says of it.</summary>
public abstract class WhySituations
{
    private protected static DateTimeOffset Now { get; } = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    private protected static WhyLimits Limits { get; } = new(new RunOptions(), new ScheduleOptions());

    private protected static WhyFacts Facts { get; } =
        new(new MissionKey(new UserId("user-1"), new MissionId("mission-1")), Now)
        {
            Cadence = new Cadence.Daily(9, 0),
            Zone = new MissionZone(DateTimeZone.Utc, ZoneSource.Mission, "The mission's timeZone is UTC."),
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
    }
}
