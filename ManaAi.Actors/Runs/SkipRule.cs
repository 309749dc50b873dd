using System.Globalization;
using ManaAi.Actors.Agents;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.Runs;

/// <summary>Why a due occurrence is not planned although nothing is wrong. Pure.</summary>
public static class SkipRule
{
    public const string TooLargeWord = "too-large";

    /// <returns>The verdict that ends it unplanned, or null where it is planned.</returns>
    public static Verdict.Skipped? Decide(Mission mission, Agent? agent, int unreviewedMax) =>
        agent?.State switch
        {
            "paused" => new Verdict.Skipped("agent-paused", $"Its agent {agent.Id} is paused."),
            "archived" => new Verdict.Skipped("agent-archived", $"Its agent {agent.Id} is archived."),
            _ when mission.IterationsBytes >= OwnRows.DataBytesMax => TooLarge(mission.IterationsBytes),
            _ => AwaitingReview(mission, unreviewedMax),
        };

    /// <summary>A budget is spent: settled usage alone has reached it.</summary>
    public static Verdict.Skipped Budget(Spending spending) =>
        new(
            "budget",
            string.Create(
                CultureInfo.InvariantCulture,
                $"The {spending.Kind}'s budget of {spending.Limit} tokens a day is used up: {spending.Settled} in "
                    + $"the last 24 hours."
            )
        );

    /// <summary>There is no room for another iteration, not even for one that tells of it.</summary>
    public static Verdict.Skipped TooLarge(long iterationsBytes) =>
        new(
            TooLargeWord,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Its iterations take {iterationsBytes} bytes; with one more the row would exceed {OwnRows.DataBytesMax}."
            )
        );

    /// <summary>A plan that no device has taken up: all its steps are still as we wrote them.</summary>
    public static bool IsUnreviewed(Iteration iteration) =>
        iteration is { Source: "server", OverallStatus: "awaiting-review" }
        && iteration.Steps.All(step => step.Status == "planned");

    private static Verdict.Skipped? AwaitingReview(Mission mission, int unreviewedMax)
    {
        var unreviewed = mission.Iterations.Count(IsUnreviewed);
        return unreviewedMax > 0 && unreviewed >= unreviewedMax
            ? new Verdict.Skipped(
                "awaiting-review",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{unreviewed} of its plans await review, and MAX_UNREVIEWED_ITERATIONS is {unreviewedMax}."
                )
            )
            : null;
    }
}
