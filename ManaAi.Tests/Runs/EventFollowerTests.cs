using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

public sealed class EventFollowerTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void A_number_that_is_left_out_is_asked_for_again_until_nobody_can_hold_it_any_more()
    {
        var follower = new EventFollower(10, _time);

        follower.Take([Event(11), Event(14)]);
        follower.Missing.Order().ShouldBe([12L, 13L]);
        follower.Last.ShouldBe(14);
        follower.Take([Event(12), Event(15)]);
        follower.Missing.ShouldBe([13L]);
        follower.Last.ShouldBe(15);

        _time.Advance(TimeSpan.FromMinutes(1));
        follower.Take([]);
        follower.Missing.ShouldBeEmpty();
    }

    [Fact]
    public void What_could_not_be_seen_where_it_begins_is_asked_for_too()
    {
        var follower = new EventFollower(10, _time, 7, 9);

        follower.Missing.Order().ShouldBe([7L, 9L]);
        follower.Take([Event(9), Event(11)]);
        follower.Missing.ShouldBe([7L]);
        follower.Last.ShouldBe(11);
    }

    [Fact]
    public void Very_many_numbers_that_are_left_out_are_not_all_kept()
    {
        var follower = new EventFollower(0, _time);

        follower.Take([Event(1_000_000)]);

        follower.Missing.Length.ShouldBeLessThanOrEqualTo(20_000);
        follower.Last.ShouldBe(1_000_000);
    }

    private static RunEvent Event(long id) => new(id, DateTimeOffset.UnixEpoch, "due", "user-1", "mission-1");
}
