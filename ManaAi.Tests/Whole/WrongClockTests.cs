using System.Globalization;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>Nodes whose clocks are wrong by hours: what matters is decided by the database's.</summary>
public sealed class WrongClockTests : WholeTests
{
    private static readonly TimeSpan[] _shifts = [TimeSpan.FromHours(5), TimeSpan.FromHours(-5)];

    [Fact]
    public async Task What_is_due_is_due_by_the_database_and_planned_once()
    {
        var before = await NowAsync();
        var nodes = new[] { await StartShiftedAsync(_shifts[0]), await StartShiftedAsync(_shifts[1]) };
        await InsertDueAsync("due");
        await InsertDueAsync("later", change: one => one with { DueAt = before.AddHours(1) });
        Llm.Behave(new StubBehaviour { DelayMs = 200 });

        var ticks = nodes.Select(node => node.TickAsync()).ToArray();
        await Llm.Calls.WhenAsync(1, CancellationToken.None);
        var lease = await Database.ReadAsync<DateTimeOffset>(
            "select coalesce(max(lease_until), clock_timestamp()) from mana_ai.runs"
        );
        await Task.WhenAll(ticks);
        await Task.WhenAll(nodes.Select(node => node.TickAsync()));

        var after = await NowAsync();
        lease.ShouldBeInRange(before, after.AddMinutes(1));
        Llm.Calls.Total.ShouldBe(1);
        (await SingleRunAsync()).Verdict.ShouldBe("planned");
        var row = (await Database.OwnChangesAsync()).ShouldHaveSingleItem();
        row.RecordId.ShouldBe("due");
        row.CreatedAt.ShouldBeInRange(before, after);
        row.Data.GetProperty("nextRunAt")
            .GetDateTimeOffset()
            .ShouldBeInRange(before.AddMinutes(59), after.AddMinutes(60));
        var iteration = row.Iterations.ShouldHaveSingleItem();
        foreach (var time in (string[])["startedAt", "finishedAt"])
        {
            iteration
                .GetProperty(time)
                .GetDateTimeOffset()
                .ShouldBeInRange(before.AddMilliseconds(-1), after, time);
        }

        DateTimeOffset
            .Parse(row.Stamps.GetProperty("iterations").GetString()!, CultureInfo.InvariantCulture)
            .ShouldBeInRange(before.AddMilliseconds(-1), after);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_date_to_wait_for_is_read_by_the_clock_of_who_said_it(int shift)
    {
        var node = await StartShiftedAsync(_shifts[shift]);
        await InsertDueAsync();
        var now = await NowAsync();
        var until = now.AddMinutes(10);
        Llm.Behave(
            new StubBehaviour { Status = 429, RetryAfter = until.ToString("R", CultureInfo.InvariantCulture) }
        );

        await node.TickAsync();

        (await SingleRunAsync()).ClaimableAt.ShouldBeInRange(until.AddMinutes(-2), until.AddMinutes(2));
    }

    private Task<DateTimeOffset> NowAsync() =>
        Database.ReadAsync<DateTimeOffset>("select date_trunc('milliseconds', clock_timestamp())");
}
