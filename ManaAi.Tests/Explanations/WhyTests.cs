using ManaAi.Actors.Explanations;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using NodaTime;

namespace ManaAi.Tests.Explanations;

/// <summary>Missions that are not due, and what else there is to tell.</summary>
public sealed class WhyTests : WhySituations
{
    [Theory]
    [InlineData(Obstacles.Ciphertext, "its objective or concept is encrypted, so it is left to its devices")]
    [InlineData(
        Obstacles.Incomplete,
        "its record has no objective or no cadence; a device has to save it again"
    )]
    [InlineData(
        Obstacles.NewerSchema,
        "a row of it has schema_version 2, which this version does not understand; upgrade the service"
    )]
    [InlineData(Obstacles.UnreadableNextRunAt, "its nextRunAt does not read as an instant")]
    public void An_obstacle_in_its_record(string obstacle, string why) =>
        Says(Facts with { Obstacle = obstacle, NewerSchema = 2 }, $"never due: {why}");

    [Theory]
    [InlineData("paused", "its state is paused")]
    [InlineData("done", "its state is done")]
    [InlineData("archived", "its state is archived")]
    [InlineData("\u001b[2J my secret", "its state is none of active, paused, done and archived")]
    [InlineData(null, "its state is none of active, paused, done and archived")]
    public void Its_state(string? state, string why) =>
        Says(
            Due with
            {
                State = state,
            },
            $"never due: {why}",
            "Its open run of 2026-03-02T09:00:00.000Z is closed as superseded by the next tick."
        );

    [Fact]
    public void Deleted() =>
        Says(Facts with { IsDeleted = true, State = null }, "never due: the mission is deleted");

    [Fact]
    public void Without_a_date()
    {
        Says(
            Facts with
            {
                NextRunAt = null,
                Cadence = new Cadence.Manual(),
            },
            "never due: it is manual and has no nextRunAt: it runs when somebody asks for it"
        );
        Says(
            Facts with
            {
                NextRunAt = null,
                Cadence = new Cadence.Unreadable("my secret"),
            },
            "never due: it has no nextRunAt, and its cadence cannot be read"
        );
        Says(
            Facts with
            {
                NextRunAt = null,
                Cadence = new Cadence.Cron("0 9 * * *"),
                NeedsSchedule = true,
            },
            "never due: it has no nextRunAt yet; the next tick writes the first one from its cron expression"
        );
        Says(
            Facts with
            {
                NextRunAt = null,
                Cadence = new Cadence.Cron("0 9 31 2 *"),
            },
            "never due: it has no nextRunAt, and its cron expression never comes or cannot be read"
        );
        Says(
            Facts with
            {
                NextRunAt = null,
            },
            "never due: it has no nextRunAt; a device writes one when the mission is next saved or run there"
        );
    }

    [Fact]
    public void A_device_is_running_it() =>
        Says(
            Due with
            {
                RunningUntil = Now.AddMinutes(4),
            },
            "due 2026-03-02T09:00:00.000Z: a device is running it until 2026-03-02T09:04:00.000Z",
            "A device began to run it itself; it is looked at again at 2026-03-02T09:04:00.000Z, in 4 min."
        );

    [Fact]
    public void Missed() =>
        Says(
            Due with
            {
                NextRunAt = Now.AddDays(-8),
                Open = Open with { DueAt = Now.AddDays(-8) },
            },
            "due 2026-02-22T09:00:00.000Z: it was due too long ago, so it will be skipped when it is claimed",
            "When it is claimed it will be skipped: It was due 8 d 0 h ago, longer than 7 d 0 h (MISSED_AFTER_MS)."
        );

    [Fact]
    public void Late_where_late_ones_are_skipped() =>
        Says(
            Due with
            {
                NextRunAt = Now.AddHours(-1),
                Open = Open with { DueAt = Now.AddHours(-1) },
            },
            Limits with
            {
                Schedule = new ScheduleOptions { IsMissedMadeUpFor = false },
            },
            "due 2026-03-02T08:00:00.000Z: it is late, and MISSED_RUNS is skip, so it will be skipped when it is claimed",
            "When it is claimed it will be skipped: It was due 1 h 0 min ago, more than one tick interval, and MISSED_RUNS is skip."
        );

    [Theory]
    [InlineData("scheduled", true, false)]
    [InlineData("scheduled", false, true)]
    [InlineData("manual", false, true)]
    public void Late_but_claimed_before_or_asked_for(string kind, bool isClaimed, bool isHurried)
    {
        var due = Now.AddHours(-1);
        var open = new RunDetails(7, due, kind) { ClaimableAt = Now, ClaimedAt = isClaimed ? due : null };
        var limits = Limits with { Schedule = new ScheduleOptions { IsMissedMadeUpFor = false } };

        var answer = Why.Explain(Due with { NextRunAt = due, Open = open, IsHurried = isHurried }, limits);

        string.Concat(answer.Sentences).ShouldNotContain("MISSED_RUNS");
    }

    [Fact]
    public void Not_due_yet() =>
        Says(
            Later with
            {
                Last = Closed("planned"),
            },
            "not due until 2026-03-02T12:00:00.000Z: its nextRunAt is ahead",
            "The last run that ended, run 6 due 2026-03-01T09:00:00.000Z, was planned by node node-1 at 2026-03-01T09:00:05.000Z after 1 attempt, 2 calls and 1000 tokens.",
            "The next run is in 3 h 0 min.",
            "After that it runs at 2026-03-03T09:00:00.000Z, by its cadence.",
            "The mission's timeZone is UTC."
        );

    [Fact]
    public void Slowed_down_after_failures()
    {
        var failed = Closed("failed", "llm-unavailable", "a detail that may quote") with { Periods = 4 };

        Says(
            Later with
            {
                Last = failed,
                LastPlanned = failed,
            },
            "not due until 2026-03-02T12:00:00.000Z: its nextRunAt is ahead",
            "The last run that ended, run 6 due 2026-03-01T09:00:00.000Z, failed at 2026-03-01T09:00:05.000Z as llm-unavailable after 1 attempt, 2 calls and 1000 tokens.",
            "It failed several times in a row, the last time as llm-unavailable, and rests for 4 periods of its cadence, a week at most; a plan or an edit makes it normal again."
        );
    }

    [Fact]
    public void How_the_last_run_ended()
    {
        Says(
            Later with
            {
                Last = Closed(
                    "skipped",
                    "budget",
                    "The user's budget of 5 tokens a day is used up: 7 in the last 24 hours."
                ),
            },
            "not due until 2026-03-02T12:00:00.000Z: its nextRunAt is ahead",
            "The last run that ended, run 6 due 2026-03-01T09:00:00.000Z, was skipped at 2026-03-01T09:00:05.000Z as budget: The user's budget of 5 tokens a day is used up: 7 in the last 24 hours."
        );
        Says(
            Later with
            {
                Last = Closed("superseded"),
            },
            "not due until 2026-03-02T12:00:00.000Z: its nextRunAt is ahead",
            "The last run that ended, run 6 due 2026-03-01T09:00:00.000Z, was superseded at 2026-03-01T09:00:05.000Z: the mission was paused, deleted, rescheduled or run by a device meanwhile, and nothing was written."
        );
        Says(
            Later with
            {
                Last = Closed("empty"),
            },
            "not due until 2026-03-02T12:00:00.000Z: its nextRunAt is ahead",
            "The last run that ended, run 6 due 2026-03-01T09:00:00.000Z, was planned by node node-1 at 2026-03-01T09:00:05.000Z after 1 attempt, 2 calls and 1000 tokens: nothing needed to be done."
        );
    }

    [Fact]
    public void This_instant_has_its_verdict()
    {
        var facts = Facts with { AtNextRun = Closed("planned") with { DueAt = Now } };

        Says(
            facts,
            "not due until 2026-03-03T09:00:00.000Z: its run of 2026-03-02T09:00:00.000Z has ended as planned, and the next tick moves nextRunAt on"
        );
        Says(
            facts,
            Limits with
            {
                Runs = new RunOptions { IsScheduleAdvanced = false },
            },
            "never due: its run of 2026-03-02T09:00:00.000Z has ended as planned, and with ADVANCE_SCHEDULE=false it waits for a device to write another nextRunAt"
        );
        Says(
            facts with
            {
                Cadence = new Cadence.Manual(),
            },
            "never due: its run of 2026-03-02T09:00:00.000Z has ended as planned, and its cadence has no further run"
        );
    }

    [Fact]
    public void Superseded_and_due_again() =>
        Says(
            Facts with
            {
                AtNextRun = Closed("superseded") with { DueAt = Now },
            },
            "due 2026-03-02T09:00:00.000Z: its run was superseded, and the next tick opens it again",
            "Its run of this instant was superseded, and it is due again: the next tick opens it again. The timer of this node ticks every 1 min."
        );

    [Fact]
    public void No_tick_has_seen_it_yet()
    {
        Says(
            Facts,
            "due 2026-03-02T09:00:00.000Z: no tick has opened a run for it yet",
            "No tick has opened a run for it yet. The timer of this node ticks every 1 min."
        );
        Says(
            Facts,
            Limits with
            {
                IsTimerOn = false,
            },
            "due 2026-03-02T09:00:00.000Z: no tick has opened a run for it yet",
            "No tick has opened a run for it yet. The timer of this node is off (TICK_ENABLED=false): it waits for a tick by hand, or of another node."
        );
    }

    [Fact]
    public void In_a_dry_run() =>
        Says(
            Due,
            Limits with
            {
                IsDryRun = true,
            },
            "due 2026-03-02T09:00:00.000Z: this node is in a dry run",
            "This node runs with DRY_RUN=true: it finds what is due, and neither calls nor writes."
        );

    [Fact]
    public void Asked_for_by_an_operator() =>
        Says(
            Later with
            {
                Open = Open with { Kind = "manual", RetryOf = 5 },
            },
            "due 2026-03-02T09:00:00.000Z: any node that has a planner free may claim it now",
            "Run 7 was asked for at 2026-03-02T08:58:00.000Z, to repeat run 5; no attempt has been made.",
            "Its nextRunAt stays at 2026-03-02T12:00:00.000Z."
        );

    [Fact]
    public void Several_things_at_once_are_all_told_the_strongest_first()
    {
        var answer = Why.Explain(
            Due with
            {
                RunningUntil = Now.AddMinutes(1),
                UserRunning = 2,
                Unreviewed = 5,
                Pauses = [new PauseDetails(PauseScope.Service, "maintenance", Now, null)],
            },
            Limits
        );

        answer.FirstLine.ShouldEndWith("an operator paused the whole service");
        answer
            .Sentences.Count(sentence => sentence.Contains("under way", StringComparison.Ordinal))
            .ShouldBe(1);
        answer.Sentences.ShouldContain(sentence =>
            sentence.StartsWith("A device began", StringComparison.Ordinal)
        );
        answer.Sentences.ShouldContain(sentence =>
            sentence.Contains("await review", StringComparison.Ordinal)
        );
        answer.Sentences.ShouldNotContain(sentence =>
            sentence.StartsWith("Nothing holds", StringComparison.Ordinal)
        );
    }
}
