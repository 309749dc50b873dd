using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Explanations;

/// <summary>Why a run would be skipped as soon as it is claimed, as things stand. Pure.</summary>
internal static class WhySkips
{
    /// <param name="facts">As they stand.</param>
    /// <param name="limits">What they are held against.</param>
    /// <param name="dueAt">When the run is or becomes due.</param>
    /// <param name="words">The language.</param>
    public static IReadOnlyList<WhyHold> Of(
        WhyFacts facts,
        WhyLimits limits,
        DateTimeOffset dueAt,
        WhyWords words
    )
    {
        var late = facts.Now - dueAt;
        var skips = new List<WhyHold>();
        if (facts.Agent is { State: "paused" or "archived" } agent)
        {
            var german = agent.State == "paused" ? "pausiert" : "archiviert";
            skips.Add(
                new(
                    words.Of($"its agent is {agent.State}", $"ihr Agent ist {german}"),
                    words.Of($"Its agent {agent.Id} is {agent.State}.", $"Ihr Agent {agent.Id} ist {german}.")
                )
            );
        }

        if (limits.Runs.UnreviewedMax > 0 && facts.Unreviewed >= limits.Runs.UnreviewedMax)
        {
            skips.Add(Unreviewed(facts.Unreviewed, limits.Runs.UnreviewedMax, words));
        }

        skips.AddRange(
            facts.Spendings.Where(spending => spending.IsSpent).Select(spent => Spent(spent, words))
        );
        if (facts is { IsHurried: true, Open.Kind: not "manual" })
        {
            return skips; // However long ago it was due.
        }

        if (MissedRule.IsTooOld(late, limits.Schedule))
        {
            var (ago, max) = (words.Span(late), words.Span(limits.Schedule.MissedAfter));
            skips.Add(
                new(
                    words.Pick("it was due too long ago", "sie war vor zu langer Zeit fällig"),
                    words.Of(
                        $"It was due {ago} ago, longer than {max} (MISSED_AFTER_MS).",
                        $"Sie war vor {ago} fällig, länger her als {max} (MISSED_AFTER_MS)."
                    )
                )
            );
        }
        else if (
            MissedRule.IsSkippedAsLate(late, limits.Schedule)
            && facts.Open is null or { Kind: not "manual", ClaimedAt: null }
        )
        {
            var ago = words.Span(late);
            skips.Add(
                new(
                    words.Pick(
                        "it is late, and MISSED_RUNS is skip",
                        "sie ist verspätet, und MISSED_RUNS ist skip"
                    ),
                    words.Of(
                        $"It was due {ago} ago, more than one tick interval, and MISSED_RUNS is skip.",
                        $"Sie war vor {ago} fällig, mehr als einen Takt der Ticks her, und MISSED_RUNS ist skip."
                    )
                )
            );
        }

        return skips;
    }

    private static WhyHold Unreviewed(int unreviewed, int max, WhyWords words) =>
        new(
            words.Pick("its plans await review", "ihre Pläne warten auf Durchsicht"),
            words.Of(
                $"{words.Plans(unreviewed)} of it {(unreviewed == 1 ? "awaits" : "await")} review, and MAX_UNREVIEWED_ITERATIONS is {max}.",
                $"{words.Plans(unreviewed)} von ihr {(unreviewed == 1 ? "wartet" : "warten")} auf Durchsicht, und MAX_UNREVIEWED_ITERATIONS ist {max}."
            )
        );

    private static WhyHold Spent(Spending spent, WhyWords words)
    {
        var german = BudgetOf(spent.Kind);
        return new(
            words.Of($"the {spent.Kind}'s budget is used up", $"das Budget {german} ist verbraucht"),
            words.Of(
                $"The {spent.Kind}'s budget of {spent.Limit} tokens a day is used up: {spent.Settled} in the last 24 hours.",
                $"Das Budget {german} von {spent.Limit:#,0} Token am Tag ist verbraucht: {spent.Settled:#,0} in den letzten 24 Stunden."
            )
        );
    }

    /// <summary>Whose budget, as a German genitive.</summary>
    public static string BudgetOf(string kind) =>
        kind switch
        {
            "mission" => "der Mission",
            "user" => "des Nutzers",
            "agent" => "des Agenten",
            "service" => "des Dienstes",
            _ => kind,
        };
}
