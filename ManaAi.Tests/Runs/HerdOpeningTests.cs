using System.Globalization;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>A herd is opened in several statements, and planners begin with its first.</summary>
public sealed class HerdOpeningTests : BenchTests
{
    private int _inserted;

    [Fact]
    public async Task Planners_begin_with_the_first_of_a_herd_while_the_others_are_opened()
    {
        var node = Bench.Node(options: new RunOptions { OpenedFirst = 2, OpenedMax = 3 });
        await InsertDueAsync("user-1", 2);
        await InsertDueAsync("user-2", 4);
        var claims = new List<Claim>();
        var open = new List<long>();

        var claimable = await node.TickAsync(begin: async _ =>
        {
            open.Add(await Database.ReadAsync<long>("select count(*) from mana_ai.runs"));
            claims.AddRange(await node.ClaimAsync());
        });

        open.ShouldBe([2L, 5L, 6L]);
        // Two of each user at once.
        claims
            .Select(claim => claim.Mission.UserId.Value)
            .ShouldBe(["user-1", "user-1", "user-2", "user-2"]);
        // Also those that somebody holds by now.
        claimable.Order().ShouldBe((await Database.RunsAsync()).Select(run => run.RunId).Order());
        claimable.Count.ShouldBe(6);
    }

    [Fact]
    public async Task Users_whom_planners_serve_already_do_not_hold_up_the_tick()
    {
        var node = Bench.Node(options: new RunOptions { OpenedFirst = 1 });
        await InsertDueAsync("user-1", 1);
        await InsertDueAsync("user-2", 1);
        await using var claim = await Bench.Sync.BeginAsync(CancellationToken.None);

        await node.TickAsync(begin: async token =>
        {
            await using var serve = claim.Command(
                "select from mana_ai.users where user_id = 'user-1' for update"
            );
            await serve.ExecuteNonQueryAsync(token);
        });

        (await node.ClaimAsync()).ShouldHaveSingleItem().Mission.UserId.Value.ShouldBe("user-2");
    }

    /// <summary>Each due a second later than the one before.</summary>
    private async Task InsertDueAsync(string userId, int count)
    {
        foreach (var place in Enumerable.Range(_inserted, count))
        {
            await Bench.InsertDueAsync(
                string.Create(CultureInfo.InvariantCulture, $"mission-{place}"),
                due => due with { UserId = userId, DueAt = due.DueAt + TimeSpan.FromSeconds(place) }
            );
        }

        _inserted += count;
    }
}
