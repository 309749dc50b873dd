using ManaAi.Actors.Runs;
using static ManaAi.Actors.Explanations.WhyText;

namespace ManaAi.Actors.Explanations;

/// <summary>Why a run would be skipped as soon as it is claimed, as things stand. Pure.</summary>
internal static class WhySkips
{
    /// <param name="dueAt">When the run is or becomes due.</param>
    public static IReadOnlyList<WhyHold> Of(WhyFacts facts, WhyLimits limits, DateTimeOffset dueAt)
    {
        var late = facts.Now - dueAt;
        var skips = new List<WhyHold>();
        if (facts.Agent is { State: "paused" or "archived" } agent)
        {
            skips.Add(new($"its agent is {agent.State}", $"Its agent {agent.Id} is {agent.State}."));
        }

        if (limits.Runs.UnreviewedMax > 0 && facts.Unreviewed >= limits.Runs.UnreviewedMax)
        {
            skips.Add(
                new(
                    "its plans await review",
                    Line(
                        $"{Count(facts.Unreviewed, "plan")} of it {(facts.Unreviewed == 1 ? "awaits" : "await")} review, and "
                    ) + Line($"MAX_UNREVIEWED_ITERATIONS is {limits.Runs.UnreviewedMax}.")
                )
            );
        }

        foreach (var spent in facts.Spendings.Where(spending => spending.IsSpent))
        {
            skips.Add(
                new(
                    $"the {spent.Kind}'s budget is used up",
                    Line(
                        $"The {spent.Kind}'s budget of {spent.Limit} tokens a day is used up: {spent.Settled} in the last 24 hours."
                    )
                )
            );
        }

        if (MissedRule.IsTooOld(late, limits.Schedule))
        {
            skips.Add(
                new(
                    "it was due too long ago",
                    $"It was due {Span(late)} ago, longer than {Span(limits.Schedule.MissedAfter)} (MISSED_AFTER_MS)."
                )
            );
        }
        else if (MissedRule.IsSkippedAsLate(late, limits.Schedule) && facts.Open?.Attempts is null or 0)
        {
            skips.Add(
                new(
                    "it is late, and MISSED_RUNS is skip",
                    $"It was due {Span(late)} ago, more than one tick interval, and MISSED_RUNS is skip."
                )
            );
        }

        return skips;
    }
}
