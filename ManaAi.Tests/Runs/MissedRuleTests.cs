using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using NodaTime;

namespace ManaAi.Tests.Runs;

public sealed class MissedRuleTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(true, 0, 1, false)]
    [InlineData(true, 6 * 24 * 60, 1, false)]
    [InlineData(true, 8 * 24 * 60, 1, true)]
    [InlineData(false, 0, 1, false)]
    [InlineData(false, 1, 1, false)]
    [InlineData(false, 2, 1, true)]
    [InlineData(false, 2, 2, false)] // A retry was begun in time.
    [InlineData(false, 8 * 24 * 60, 2, true)]
    public void Late_ones_are_made_up_for_or_skipped(
        bool isMadeUpFor,
        int minutesLate,
        int attempt,
        bool isSkipped
    )
    {
        var options = new ScheduleOptions { IsMissedMadeUpFor = isMadeUpFor };

        var verdict = MissedRule.Decide(Claimed(TimeSpan.FromMinutes(minutesLate), attempt), options);

        (verdict is not null).ShouldBe(isSkipped);
        verdict?.Reason.ShouldBe("missed");
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(false, false, false)] // Claimed in time, and then it had to wait: the attempt was given back.
    [InlineData(true, true, false)] // An operator asked for it.
    public void Only_what_nobody_has_claimed_before_is_late(bool isFirst, bool isManual, bool isSkipped)
    {
        var options = new ScheduleOptions { IsMissedMadeUpFor = false };
        var claim = Claimed(TimeSpan.FromMinutes(2), 1) with { IsFirst = isFirst, IsManual = isManual };

        (MissedRule.Decide(claim, options) is not null).ShouldBe(isSkipped);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8 * 24 * 60)]
    public void What_an_operator_wants_now_is_planned_however_long_ago_it_was_due(int minutesLate)
    {
        var options = new ScheduleOptions { IsMissedMadeUpFor = false };
        var claim = Claimed(TimeSpan.FromMinutes(minutesLate), 1) with { IsFirst = true, IsHurried = true };

        MissedRule.Decide(claim, options).ShouldBeNull();
    }

    [Fact]
    public void What_was_spread_on_purpose_is_not_late()
    {
        var options = new ScheduleOptions { IsMissedMadeUpFor = false, Spread = TimeSpan.FromHours(1) };

        MissedRule.Decide(Claimed(TimeSpan.FromMinutes(30), 1), options).ShouldBeNull();
    }

    [Fact]
    public void The_ones_that_passed_meanwhile_are_counted()
    {
        var claim = Claimed(TimeSpan.FromDays(3), 1);

        Count(new Cadence.Daily(12, 0), claim).ShouldBe(3);
        Count(new Cadence.Interval(60), claim).ShouldBe(72);
        Count(new Cadence.Interval(5), Claimed(TimeSpan.FromDays(30), 1)).ShouldBe(1000);
        Count(new Cadence.Manual(), claim).ShouldBe(0);
        Count(new Cadence.Daily(13, 0), Claimed(TimeSpan.FromHours(11), 1)).ShouldBe(0);
    }

    private static int Count(Cadence cadence, Claim claim) =>
        MissedRule.CountMissed(cadence, DateTimeZone.Utc, claim, new ScheduleOptions());

    private static Claim Claimed(TimeSpan late, int attempt) =>
        new(
            1,
            new Occurrence(new MissionKey(new UserId("u"), new MissionId("m")), _now - late),
            1,
            attempt,
            0,
            "[]"u8.ToArray(),
            "{}"u8.ToArray(),
            null,
            _now,
            null,
            IsTakeover: false
        )
        {
            IsFirst = attempt == 1,
        };
}
