using ManaAi.Actors.ChangeLog;

namespace ManaAi.Tests.ChangeLog;

public class ChangePositionTests
{
    private static readonly DateTimeOffset At = new(2026, 4, 20, 0, 0, 0, TimeSpan.Zero);

    /// <summary>As `order by id` gives them. Guid.CompareTo agrees only by chance.</summary>
    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001")]
    [InlineData("00000000-0000-0000-0000-0000000000ff", "00000000-0000-0000-0000-000000000100")]
    [InlineData("00000000-0000-0000-7fff-000000000000", "00000000-0000-0000-8000-000000000000")]
    [InlineData("00000000-0000-7fff-ffff-ffffffffffff", "00000000-0000-8000-0000-000000000000")]
    [InlineData("00000000-7fff-ffff-ffff-ffffffffffff", "00000000-8000-0000-0000-000000000000")]
    [InlineData("01000000-0000-0000-0000-000000000000", "00000001-ffff-ffff-ffff-ffffffffffff", false)]
    [InlineData("00000001-0000-0000-0000-000000000000", "01000000-0000-0000-0000-000000000000")]
    [InlineData("7fffffff-ffff-ffff-ffff-ffffffffffff", "80000000-0000-0000-0000-000000000000")]
    [InlineData("00ff0000-0000-0000-0000-000000000000", "ff000000-0000-0000-0000-000000000000")]
    [InlineData("a0000000-0000-0001-0000-000000000000", "a0000000-0000-0100-0000-000000000000")]
    public void Ids_of_one_instant_stand_in_PostgreSQLs_order(string left, string right, bool isBefore = true)
    {
        var first = new ChangePosition(At, Guid.Parse(isBefore ? left : right));
        var second = new ChangePosition(At, Guid.Parse(isBefore ? right : left));

        first.CompareTo(second).ShouldBeLessThan(0);
        second.CompareTo(first).ShouldBeGreaterThan(0);
        (first < second, first <= second, first > second, first >= second).ShouldBe(
            (true, true, false, false)
        );
    }

    [Fact]
    public void Many_ids_sort_as_their_text_does()
    {
        var random = new Random(20260420);
        var ids = new Guid[500];
        Span<byte> bytes = stackalloc byte[16];
        foreach (ref var id in ids.AsSpan())
        {
            random.NextBytes(bytes);
            id = new Guid(bytes);
        }

        ids.Select(id => new ChangePosition(At, id))
            .Order()
            .Select(position => position.Id.ToString())
            .ShouldBe(ids.Select(id => id.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_instant_comes_first_and_its_offset_does_not_count()
    {
        var low = new ChangePosition(At, new Guid(uint.MaxValue, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        var high = new ChangePosition(At.AddMicroseconds(1), Guid.Empty);

        (low < high).ShouldBeTrue();
        var elsewhere = low with { CreatedAt = At.ToOffset(TimeSpan.FromHours(5)) };
        low.CompareTo(elsewhere).ShouldBe(0);
        (low <= elsewhere && low >= elsewhere).ShouldBeTrue();
    }
}
