using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>What would happen is shown, and nothing happens.</summary>
public sealed class DryRunTests : WholeTests
{
    // The edge escapes more than the wire to mana-llm does; both say the same.
    private static readonly JsonSerializerOptions _unescaped = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static HttpMethod Get => HttpMethod.Get;

    [Fact]
    public async Task A_node_that_only_tries_folds_and_finds_and_neither_calls_nor_writes()
    {
        var node = await StartAsync(("DRY_RUN", "true"), ("MANAGE_LOG_INDEX", "true"));
        var mission = await InsertDueAsync();
        await InsertDueAsync(
            "cron",
            change: one => one with { DueAt = null, Cadence = """{"kind":"cron","expression":"0 9 * * *"}""" }
        );

        var tick = await node.TickAsync();

        tick.Numbers.ShouldBe((1, 0, 0, 0));
        tick.Errors.ShouldBeEmpty();
        (await Database.MissionAsync(mission)).NextRunAt.ShouldBe(mission.DueAt, "it is folded");
        (await SingleRunAsync()).Verdict.ShouldBeNull("it is found");
        (await node.AskAsync(Get, "internal/missions/user-1/mission-1/why"))
            .GetProperty("firstLine")
            .GetString()!
            .ShouldEndWith(": this node is in a dry run");
        await node.AskAsync(HttpMethod.Post, "internal/missions/user-1/mission-1/run-now");
        (await node.TickAsync()).Errors.ShouldBeEmpty();
        Llm.Calls.Total.ShouldBe(0);
        (await Database.OwnChangesAsync()).ShouldBeEmpty("neither a plan nor a schedule");
        (await SingleRunAsync()).Attempts.ShouldBe(0);
    }

    [Theory]
    [InlineData("json", "false")]
    [InlineData("tools", "true")]
    public async Task The_prompt_that_is_shown_is_the_one_that_is_sent(string mode, string dryRun)
    {
        var shows = await StartAsync(("PLANNER_MODE", mode), ("DRY_RUN", dryRun));
        await InsertDueAsync(change: one => one with { DueAt = one.DueAt!.Value.AddHours(5) });
        await shows.TickAsync();
        var before = await CountsAsync();

        var view = await shows.AskAsync(Get, "internal/missions/user-1/mission-1/dry-run");

        Llm.Calls.Total.ShouldBe(0, "it spends nothing");
        (await CountsAsync()).ShouldBe(before, "it writes nothing");
        view.GetProperty("wouldRun").GetBoolean().ShouldBeTrue();
        view.GetProperty("mode").GetString().ShouldBe(mode);
        view.GetProperty("schedule").GetProperty("nextRuns").GetArrayLength().ShouldBe(10);
        view.GetProperty("tools").GetArrayLength().ShouldBeGreaterThan(0);
        view.GetProperty("estimatedTokens").GetProperty("prompt").GetInt64().ShouldBeGreaterThan(100);

        var runs = await StartAsync(("PLANNER_MODE", mode));
        await runs.TickAsync();
        await runs.AskAsync(HttpMethod.Post, "internal/missions/user-1/mission-1/run-now");
        await Eventually.SeesAsync(Database.RunsAsync, all => all.Any(run => run.Verdict is not null));
        var sent = JsonDocument.Parse(Llm.Calls.Recent[0].Body).RootElement;
        var shown = view.GetProperty("request");
        WithoutMinute(shown).ShouldBe(WithoutMinute(sent));
        shown
            .GetProperty("messages")
            .EnumerateArray()
            .Select(message => message.GetProperty("role").GetString())
            .ShouldBe(["system", "user"]);
    }

    [Fact]
    public async Task The_command_shows_it_as_a_person_reads_it_and_as_json()
    {
        var node = await StartAsync();
        await InsertDueAsync(objective: "Read\u001b[2J one book");
        await node.TickAsync();

        var text = await RunAsync(node, "run-now user-1/mission-1 --dry-run");

        text.ExitCode.ShouldBe(0, text.Error);
        text.Output.ShouldContain("would run     yes\n");
        text.Output.ShouldContain("--- system\nYou plan for a mission: a standing objective");
        text.Output.ShouldNotContain("\u001b", customMessage: "nothing moves the cursor");
        text.Output.ShouldContain(" tools that are offered\ncreate_task (todo): ");
        text.Error.ShouldBe("Nothing was asked and nothing was written.\n");
        var json = await RunAsync(node, "run-now user-1/mission-1 --dry-run -o json");
        JsonDocument.Parse(json.Output).RootElement.GetProperty("messages").GetArrayLength().ShouldBe(2);
        (await RunAsync(node, "run-now user-1/nobody --dry-run")).ShouldFail(3, "no mission with this user");
        (await RunAsync(node, "run-now user-1 --dry-run")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task What_would_not_be_planned_says_why_and_what_cannot_be_shown_is_refused()
    {
        var node = await StartAsync();
        await InsertDueAsync("paused", change: one => one with { State = "paused" });
        await InsertDueAsync("secret", objective: "enc:1:abcd.efgh");
        await node.TickAsync();

        var paused = await node.AskAsync(Get, "internal/missions/user-1/paused/dry-run");
        (paused.GetProperty("wouldRun").GetBoolean(), paused.GetProperty("whyNot").GetString()).ShouldBe(
            (false, "The mission is not active.")
        );
        var secret = await node.AskAsync(
            Get,
            "internal/missions/user-1/secret/dry-run",
            status: HttpStatusCode.Conflict
        );
        secret.GetProperty("detail").GetString().ShouldBe("The mission cannot be run here: ciphertext.");
    }

    [Fact]
    public async Task A_forgotten_user_is_told_as_such()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        await node.TickAsync();
        await CommandEnd.OfAsync("forget user-1", ("SYNC_DATABASE_URL", Database.ReaderUrl));

        foreach (var path in (string[])["", "/why", "/dry-run"])
        {
            var answer = await node.AskAsync(
                Get,
                $"internal/missions/user-1/mission-1{path}",
                status: HttpStatusCode.NotFound
            );
            answer.GetProperty("detail").GetString()!.ShouldStartWith("This user was forgotten at 20");
        }
    }

    private Task<string?> CountsAsync() =>
        Database.ReadAsync<string>(
            """
            select concat_ws(' ', (select count(*) from mana_ai.runs), (select count(*) from mana_ai.events),
                             (select count(*) from mana_ai.token_usage), (select count(*) from public.sync_changes))
            """
        );

    /// <summary>The prompt tells the time, and the fence's code hashes what is inside it.</summary>
    private static string WithoutMinute(JsonElement request) =>
        System.Text.RegularExpressions.Regex.Replace(
            JsonSerializer.Serialize(request, _unescaped),
            @"it is \w+, [-\d]+ [:\d]+ [-+:\d]+",
            ""
        );

    private static Task<CommandEnd> RunAsync(WholeNode node, string line) =>
        CommandEnd.OfAsync(
            line,
            ("MANA_AI_URL", node.Address.ToString()),
            ("MANA_SERVICE_KEY", WholeNode.Key)
        );
}
