using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Runs;

/// <summary>Who changes a run and its user locks the user first, so that no two wait for each other.</summary>
public sealed class LockOrderTests : BenchTests
{
    [Theory]
    [InlineData("release")]
    [InlineData("hand back")]
    [InlineData("settle a budget")]
    public async Task While_the_user_is_anothers_the_run_is_nobodys(string what)
    {
        var node = Bench.Node();
        await Bench.InsertDueAsync();
        var claim = await node.TickAndClaimAsync();
        if (what == "settle a budget")
        {
            await node.ReleaseAsync(
                claim,
                new Release(TimeSpan.FromHours(1), "budget", "full", CostsAttempt: false)
            );
        }

        await using var other = await Bench.Sync.BeginAsync(CancellationToken.None);
        await using var users = other.Command("select from mana_ai.users for update");
        await users.ExecuteNonQueryAsync();
        Task changed = what switch
        {
            "release" => node.ReleaseAsync(claim, new Release(default, "retry", "x", CostsAttempt: true)),
            "hand back" => node.Ledger.HandBackAsync(CancellationToken.None),
            _ => Bench.Sync.OnceAsync(
                batch => batch.Then(Sql.Get("WakeBudgetWaiters")).Add("user", "user-1"),
                CancellationToken.None
            ),
        };
        await Database.WaitForLockAsync();

        await using var runs = other.Command("select from mana_ai.runs for update nowait");
        await runs.ExecuteNonQueryAsync();

        await other.CommitAsync(CancellationToken.None);
        await changed;
        (await Database.ReadAsync<bool>("select lease_until is null from mana_ai.runs")).ShouldBeTrue();
    }
}
