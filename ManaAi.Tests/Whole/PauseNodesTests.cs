using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>What an operator stops at one node stops at all of them, with their next claim.</summary>
public sealed class PauseNodesTests : WholeTests
{
    [Fact]
    public async Task A_pause_that_one_node_is_told_of_holds_for_the_other_and_so_does_its_end()
    {
        (string, string)[] quick = [("TICK_ENABLED", "true"), ("TICK_INTERVAL_MS", "100")];
        var (first, second) = (await StartAsync(quick), await StartAsync(quick));
        foreach (var user in (string[])["user-1", "user-2", "user-3"])
        {
            await InsertDueAsync("known", user, change: one => one with { DueAt = null });
        }

        await TickedTwiceAsync(first, second);
        (string User, string Scope)[] scopes =
        [
            ("user-1", ""),
            ("user-2", ""","userId":"user-2" """),
            ("user-3", ""","userId":"user-3","missionId":"due" """),
        ];
        await InsertDueAsync("due", "user-3", change: one => one with { DueAt = null });
        await TickedTwiceAsync(first, second);
        foreach (var (user, scope) in scopes)
        {
            await first.AskAsync(
                HttpMethod.Post,
                "internal/pause",
                $$"""{"reason":"maintenance"{{scope}}}"""
            );
            await InsertDueAsync("due", user);
            await TickedTwiceAsync(first, second);
            var held = (await Database.RunsAsync()).Single(run => run.UserId == user);
            (held.Verdict, held.Attempts).ShouldBe((null, 0));

            await second.AskAsync(HttpMethod.Post, "internal/resume", $"{{{scope.TrimStart(',')}}}");

            await Eventually.SeesAsync(
                Database.RunsAsync,
                runs => runs.Any(run => run.UserId == user && run.Verdict == "planned")
            );
        }
    }

    /// <summary>Both have begun and ended a tick since, and so had their chance to claim.</summary>
    private static async Task TickedTwiceAsync(params IEnumerable<WholeNode> nodes)
    {
        foreach (var node in nodes)
        {
            var before = await node.TicksAsync();
            await Eventually.SeesAsync(node.TicksAsync, ticks => ticks >= before + 2);
        }
    }
}
