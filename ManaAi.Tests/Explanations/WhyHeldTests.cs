using ManaAi.Actors.Explanations;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using NodaTime;

namespace ManaAi.Tests.Explanations;

/// <summary>A due mission: who plans it, or what holds it back.</summary>
public sealed class WhyHeldTests : WhySituations
{
    [Fact]
    public void Due_and_claimable() =>
        Says(
            Due,
            "due 2026-03-02T09:00:00.000Z: any node that has a planner free may claim it now",
            "Run 7 is open since 2026-03-02T08:58:00.000Z (2 min); no attempt has been made.",
            "None of its runs has ended here yet.",
            "Nothing holds it back: 0 plans of its user are under way, and 2 may be.",
            "After that it runs at 2026-03-03T09:00:00.000Z, by its cadence.",
            "The mission's timeZone is UTC."
        );

    [Fact]
    public void Claimed() =>
        Says(
            Facts with
            {
                Open = Open with
                {
                    Owner = "node-2",
                    ClaimedAt = Now.AddSeconds(-12),
                    LeaseUntil = Now.AddSeconds(18),
                    Attempts = 2,
                    Calls = 1,
                },
            },
            "due 2026-03-02T09:00:00.000Z: node node-2 is planning it now",
            "Run 7 is claimed by node node-2 since 2026-03-02T08:59:48.000Z (12 s): attempt 2 of 5, 1 call so far; the claim lives until 2026-03-02T09:00:18.000Z unless it is renewed."
        );

    [Fact]
    public void A_claim_that_ran_out_is_anyones() =>
        Says(
            Due with
            {
                Open = Open with { Owner = "node-2", LeaseUntil = Now.AddSeconds(-1), Attempts = 1 },
            },
            "due 2026-03-02T09:00:00.000Z: any node that has a planner free may claim it now",
            "Run 7 is open since 2026-03-02T08:58:00.000Z (2 min); 1 attempt and 0 calls so far, the last on node node-2."
        );

    [Theory]
    [InlineData(
        "retry",
        "it waits until 2026-03-02T09:05:00.000Z after a failed attempt",
        "Attempt 2 of 5 failed: timeout: no byte for 60 s. It is tried again at 2026-03-02T09:05:00.000Z, in 5 min."
    )]
    [InlineData(
        "rate-limit",
        "mana-llm answered 429, and it waits until 2026-03-02T09:05:00.000Z",
        "mana-llm answers 429 for it since 2026-03-02T08:00:00.000Z; after 6 h 0 min of that it fails. It is tried again at 2026-03-02T09:05:00.000Z, in 5 min."
    )]
    [InlineData(
        "authorization",
        "mana-llm refused the key, and it waits until 2026-03-02T09:05:00.000Z",
        "mana-llm refused the key: timeout: no byte for 60 s; check MANA_LLM_KEY. This costs no attempt. It is tried again at 2026-03-02T09:05:00.000Z, in 5 min."
    )]
    [InlineData(
        "budget",
        "what is left of a budget is reserved for other calls",
        "What is left of a budget is reserved for calls under way. It is tried again at 2026-03-02T09:05:00.000Z, in 5 min."
    )]
    [InlineData(
        "write-back",
        "the change log did not take its result, and it waits until 2026-03-02T09:05:00.000Z",
        "The answer is kept, but writing it failed: timeout: no byte for 60 s. It is tried again at 2026-03-02T09:05:00.000Z, in 5 min."
    )]
    public void Waiting(string cause, string first, string sentence) =>
        Says(
            Due with
            {
                Open = Open with
                {
                    WaitsFor = cause,
                    Attempts = 2,
                    LastError = "timeout: no byte for 60 s",
                    ClaimableAt = Now.AddMinutes(5),
                },
                RateLimitedSince = Now.AddHours(-1),
            },
            $"due 2026-03-02T09:00:00.000Z: {first}",
            sentence
        );

    [Fact]
    public void Spread() =>
        Says(
            Due with
            {
                Open = Open with { ClaimableAt = Now.AddMinutes(1) },
            },
            Limits with
            {
                Schedule = new ScheduleOptions { Spread = TimeSpan.FromMinutes(5) },
            },
            "due 2026-03-02T09:00:00.000Z: its start is spread to 2026-03-02T09:01:00.000Z",
            "Missions due at one moment start spread over 5 min (SPREAD_MS); this one at 2026-03-02T09:01:00.000Z."
        );

    [Theory]
    [InlineData(
        "authorization",
        false,
        "mana-llm refuses the key, so nothing is claimed",
        "mana-llm refuses the key since 2026-03-02T08:00:00.000Z (what was seen); check MANA_LLM_KEY. It is asked again in 40 s."
    )]
    [InlineData(
        "rate-limit",
        false,
        "mana-llm answers 429 for the model, so nothing is claimed",
        "mana-llm answers 429 for the model what was seen since 2026-03-02T08:00:00.000Z. It is asked again in 40 s."
    )]
    [InlineData(
        "failures",
        false,
        "the breaker for mana-llm is open, so nothing is claimed",
        "Too many calls to mana-llm failed: its breaker is open since 2026-03-02T08:00:00.000Z (what was seen). It is asked again in 40 s."
    )]
    [InlineData(
        "failures",
        true,
        "the breaker for mana-llm is open, so nothing is claimed",
        "Too many calls to mana-llm failed: its breaker is open since 2026-03-02T08:00:00.000Z (what was seen). One run is asking now whether it is well again."
    )]
    public void The_gate_is_closed(string cause, bool isProbed, string first, string sentence) =>
        Says(
            Due with
            {
                Gate = new GateReading([
                    new GateEntry(
                        cause,
                        TimeSpan.FromSeconds(40),
                        Now.AddHours(-1),
                        "what was seen",
                        1,
                        isProbed
                    ),
                ]),
            },
            $"due 2026-03-02T09:00:00.000Z: {first}",
            sentence
        );

    [Theory]
    [InlineData("", "", "the whole service")]
    [InlineData("user-1", "", "all missions of its user")]
    [InlineData("user-1", "mission-1", "this mission")]
    public void Paused_by_an_operator(string user, string mission, string what)
    {
        var pause = new PauseDetails(new PauseScope(user, mission), "maintenance", Now.AddHours(-1), null);

        Says(
            Due with
            {
                Pauses = [pause],
            },
            $"due 2026-03-02T09:00:00.000Z: an operator paused {what}",
            $"An operator paused {what} at 2026-03-02T08:00:00.000Z, until someone resumes: maintenance."
        );
        Says(
            Later with
            {
                Pauses = [pause with { Until = Now.AddHours(5) }],
            },
            "not due until 2026-03-02T12:00:00.000Z: its nextRunAt is ahead",
            $"An operator paused {what} at 2026-03-02T08:00:00.000Z, until 2026-03-02T14:00:00.000Z, in 5 h 0 min: maintenance."
        );
    }

    [Fact]
    public void Its_users_cap() =>
        Says(
            Due with
            {
                UserRunning = 2,
            },
            "due 2026-03-02T09:00:00.000Z: its user has as many plans under way as there may be",
            "2 plans of its user are under way, and MAX_CONCURRENT_PLANS_PER_USER is 2; it comes when one ends."
        );

    [Fact]
    public void Its_agents_cap() =>
        Says(
            Due with
            {
                Agent = new WhyAgent("agent-1", "active", 1, 1),
            },
            "due 2026-03-02T09:00:00.000Z: its agent has as many plans under way as there may be",
            "1 plan of its agent agent-1 is under way, and the agent's maxConcurrentMissions is 1; it comes when one ends."
        );

    [Theory]
    [InlineData("paused")]
    [InlineData("archived")]
    public void Its_agent_rests(string state)
    {
        var agent = new WhyAgent("agent-1", state, 1, 0);

        Says(
            Due with
            {
                Agent = agent,
            },
            $"due 2026-03-02T09:00:00.000Z: its agent is {state}, so it will be skipped when it is claimed",
            $"When it is claimed it will be skipped: Its agent agent-1 is {state}."
        );
        Says(
            Later with
            {
                Agent = agent,
            },
            "not due until 2026-03-02T12:00:00.000Z: its nextRunAt is ahead",
            $"As things stand it will be skipped then: Its agent agent-1 is {state}."
        );
    }

    [Fact]
    public void A_budget_is_spent() =>
        Says(
            Due with
            {
                Spendings = [new Spending("user", 1000, 1010, 0)],
            },
            "due 2026-03-02T09:00:00.000Z: the user's budget is used up, so it will be skipped when it is claimed",
            "When it is claimed it will be skipped: The user's budget of 1000 tokens a day is used up: 1010 in the last 24 hours."
        );

    [Fact]
    public void A_budget_is_reserved() =>
        Says(
            Due with
            {
                Spendings = [new Spending("agent", 1000, 900, 200)],
            },
            "due 2026-03-02T09:00:00.000Z: the agent's budget is reserved for other calls",
            "Of the agent's budget of 1000 tokens a day 900 are used and 200 are reserved for calls under way; it waits for those to end."
        );

    [Fact]
    public void Plans_await_review() =>
        Says(
            Due with
            {
                Unreviewed = 3,
            },
            "due 2026-03-02T09:00:00.000Z: its plans await review, so it will be skipped when it is claimed",
            "When it is claimed it will be skipped: 3 plans of it await review, and MAX_UNREVIEWED_ITERATIONS is 3."
        );
}
