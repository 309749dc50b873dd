using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using Microsoft.Extensions.Logging;

namespace ManaAi.Tests.Whole;

/// <summary>What a whole service says, and what it never says.</summary>
public sealed class LogTests : WholeTests
{
    private const string OfUser = "SENTINEL-of-a-user";
    private const string OfModel = "SENTINEL-of-a-model";

    // What the stand-in says when it is told to fail: a server's own words.
    private const string OfServer = "the stand-in was told";

    [Fact]
    public async Task A_run_is_told_by_occurrence_and_epoch_and_never_by_what_anybody_wrote()
    {
        var node = await StartAsync(("RUN_MAX_ATTEMPTS", "2"));
        await Database.InsertChangeAsync(
            DeviceChange.OfAgent("agent-1", $"\"name\":\"{OfUser}\",\"systemPrompt\":\"{OfUser}\"")
        );
        await InsertDueAsync("plain", objective: OfUser, agentId: "agent-1");
        await node.TickAsync();
        await InsertDueAsync("babble", objective: OfUser);
        Llm.Behave(
            new StubBehaviour
            {
                Content =
                    $$"""{"summary":"{{OfModel}}","steps":[{"summary":"{{OfModel}}","toolName":"{{OfModel}}"}]}""",
            }
        );
        await node.TickAsync();
        await InsertDueAsync("away", objective: OfUser);
        Llm.Behave(new StubBehaviour { Status = 503 });
        await node.TickAsync();
        await node.TickAsync();
        await InsertDueAsync("unauthorized", objective: OfUser);
        Llm.Behave(new StubBehaviour { Status = 401 });
        await node.TickAsync();

        var lines = node.Log.All;
        lines
            .Where(line => line.Id is 402)
            .Select(line => line.Values["Verdict"])
            .ShouldBe(["planned", "failed", "failed"]);
        lines.ShouldContain(line => line.Id == 501 && line.Text.Contains("names the tool \"…\""));
        lines.ShouldContain(line => line.Id == 403 && line.Text.Contains("(server-error: status 503)"));
        lines.ShouldContain(line => line.Id == 403 && line.Text.Contains("(status 401)"));
        foreach (var line in lines)
        {
            foreach (
                var word in (string[])[OfUser, OfModel, OfServer, WholeNode.Key, "One chapter an evening"]
            )
            {
                line.ToString().ShouldNotContain(word, Case.Insensitive);
            }
        }

        var ofRuns = lines.Where(line => line.Id is 402 or 403 or 404 or 501).ToArray();
        ofRuns.Length.ShouldBeGreaterThan(8);
        ofRuns.ShouldAllBe(line =>
            line.Values.ContainsKey("Mission")
            && line.Values["DueAt"] is DateTimeOffset
            && line.Values["Epoch"] is long
        );
    }

    [Fact]
    public async Task Ticks_that_find_nothing_say_nothing()
    {
        var node = await StartAsync(("TICK_ENABLED", "true"), ("TICK_INTERVAL_MS", "100"));
        await Eventually.SeesAsync(node.TicksAsync, ticks => ticks > 3); // The first ones tell that it is ready.
        var said = node.Log.All.Count;
        var before = await node.TicksAsync();

        await Eventually.SeesAsync(node.TicksAsync, ticks => ticks > before + 8);

        node.Log.All.Skip(said).ShouldBeEmpty();
    }
}
