using ManaAi.Actors.Database;
using ManaAi.Actors.Overviews;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Overview;

namespace ManaAi.Tests.Dashboard;

/// <summary>One sentence of health: the worst thing that is so.</summary>
public sealed class HealthTests
{
    private static readonly DateTimeOffset _now = new(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan _interval = TimeSpan.FromMinutes(1);
    private static readonly Readiness _ready = new([], []);

    private static readonly Pulse _well = new(_now)
    {
        LogReadAt = _now.AddSeconds(-40),
        Minutes = [new MinuteOfRuns(_now, 8, 1, 3)],
    };

    [Fact]
    public void All_is_well() => Of(_ready, _well).ShouldBe(("ok", "health.well"));

    [Fact]
    public void What_keeps_it_from_working_comes_first()
    {
        Of(new Readiness(["no roles"], []), null).ShouldBe(("bad", "health.not-ready"));
        Of(_ready, null).ShouldBe(("bad", "health.silent"));
    }

    [Theory]
    [InlineData(GateEntry.Paused, "warn", "health.paused")]
    [InlineData(GateEntry.Failures, "bad", "health.breaker")]
    [InlineData(GateEntry.Authorization, "bad", "health.key-refused")]
    [InlineData(GateEntry.RateLimit, "ok", "health.well")]
    public void What_holds_all_claims_back_is_told(string cause, string level, string text)
    {
        var entry = new GateEntry(cause, TimeSpan.FromMinutes(1), _now, "why", 1, false);

        Of(_ready, _well with { Gate = new GateReading([entry]) }).ShouldBe((level, text));
    }

    [Fact]
    public void Ticks_that_do_not_come_are_told_where_they_should_come()
    {
        var silent = _well with { LogReadAt = _now.AddMinutes(-10) };

        Of(_ready, silent).ShouldBe(("bad", "health.not-ticking"));
        Of(_ready, silent, interval: null).ShouldBe(("ok", "health.well"));
        Of(_ready, _well with { LogReadAt = null }).ShouldBe(("warn", "health.never-read"));
    }

    [Fact]
    public void A_run_that_waits_too_long_is_told() =>
        Of(_ready, _well with { Open = new OpenRuns(0, 7, 0, _now.AddMinutes(-3)) })
            .ShouldBe(("warn", "health.behind"));

    [Theory]
    [InlineData(4, 0, "health.well")]
    [InlineData(5, 4, "health.failing")]
    [InlineData(5, 6, "health.well")]
    public void Failures_are_told_when_they_are_most(long failed, long planned, string text) =>
        Of(_ready, _well with { Minutes = [new MinuteOfRuns(_now, planned, failed, 0)] }).Text.ShouldBe(text);

    [Fact]
    public void What_works_worse_than_it_should_comes_last() =>
        Of(new Readiness([], ["the index is missing"]), _well).ShouldBe(("warn", "health.degraded"));

    private static (string Level, string Text) Of(Readiness readiness, Pulse? pulse) =>
        Of(readiness, pulse, _interval);

    private static (string Level, string Text) Of(Readiness readiness, Pulse? pulse, TimeSpan? interval)
    {
        var health = Health.Of(readiness, pulse, interval);
        return (health.Level, health.TextKey);
    }
}
