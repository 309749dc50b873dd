using System.Text.Json;
using System.Text.RegularExpressions;
using ManaAi.Host.Commands;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;
using ManaAi.Tests.Whole;

namespace ManaAi.Tests.Commands;

/// <summary>The commands that ask a node, each against a real one.</summary>
public sealed class NodeCommandTests : WholeTests
{
    [Fact]
    public async Task An_operator_finds_a_failing_mission_learns_why_and_repeats_its_run()
    {
        var node = await StartAsync();
        Llm.Behave(new StubBehaviour { Status = 400 });
        var mission = await InsertDueAsync();
        await node.TickAsync();
        Llm.Behave();
        var failed = await SingleRunAsync();

        (await RunAsync(node, "missions --failing")).Output.ShouldContain("failed (rejected)");
        (await RunAsync(node, "mission user-1/mission-1")).Output.ShouldContain("mana-ai-runner");
        (await RunAsync(node, "why user-1/mission-1")).Output.ShouldStartWith("not due until ");
        (await RunAsync(node, "runs --state failed")).Output.ShouldContain(
            $"{failed.RunId}  user-1  mission-1"
        );
        (await RunAsync(node, $"run {failed.RunId}")).Output.ShouldContain("failed (rejected)");
        var again = await RunAsync(node, $"retry {failed.RunId} -o json");
        var id = JsonDocument.Parse(again.Output).RootElement.GetProperty("runId").GetInt64();
        await Eventually.SeesAsync(() => Database.RunAsync(id), run => run.Verdict == "planned");

        (await RunAsync(node, $"retry {id}")).ShouldFail(1, "409: Only a failed run can be repeated");
        (await RunAsync(node, $"run-now {mission.UserId}/{mission.Id}")).Output.ShouldMatch(
            "^run  [0-9]+\n$"
        );
        await Eventually.SeesAsync(Database.RunsAsync, runs => runs.All(run => run.Verdict is not null));
        (await RunAsync(node, $"cancel {id} --reason late")).ShouldFail(1, "closed already");
        var events = await RunAsync(node, "events --limit 2");
        events.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2);
        events.Error.ShouldMatch("^There are more: --cursor [A-Za-z0-9_-]+\n$");
        (await RunAsync(node, "nodes")).Output.ShouldContain(node.NodeId);
        (await RunAsync(node, "usage --days 1")).Output.ShouldContain("in the last 24 hours");
        (await RunAsync(node, "top")).Output.ShouldContain("open occurrences      0\n");
        (await RunAsync(node, "status --watch")).Output.ShouldContain(node.NodeId);
    }

    [Fact]
    public async Task A_pause_without_an_argument_is_for_the_whole_service_and_nobody_is_asked()
    {
        var node = await StartAsync();
        await InsertDueAsync();

        var paused = await RunAsync(node, "pause --reason maintenance");
        paused.ExitCode.ShouldBe(0, paused.Error);
        paused.Output.ShouldContain("paused  the whole service\n");
        paused.Output.ShouldContain("until   someone resumes\n");
        await node.TickAsync();
        var waiting = await RunAsync(node, "why user-1/mission-1");
        waiting.Output.ShouldContain(": an operator paused the whole service\n");
        (await RunAsync(node, "missions --due")).Output.ShouldContain("waits");
        (await RunAsync(node, "pauses")).Output.ShouldMatch(
            "the whole service  .*  someone resumes  maintenance\n"
        );
        (await RunAsync(node, "events")).Output.ShouldContain(
            "paused          the whole service  maintenance\n"
        );
        var run = (await SingleRunAsync()).RunId;

        (
            await RunAsync(node, "pause user-1/mission-1 --reason x --until 2099-01-01T00:00:00Z")
        ).Output.ShouldContain("until   2099-01-01 00:00:00Z\n");
        (await RunAsync(node, $"cancel {run}")).Output.ShouldBe($"cancelled  run {run}\n");
        (await RunAsync(node, "resume")).Output.ShouldBe("resumed  the whole service\n");
        (await RunAsync(node, "resume user-1/mission-1")).Output.ShouldBe("resumed  user-1/mission-1\n");
        (await RunAsync(node, "resume")).ShouldFail(3, "404: It is not paused.");
        (await RunAsync(node, "pauses")).Error.ShouldBe("Nothing is paused.\n");
        (await RunAsync(node, "pause nobody --reason x")).ShouldFail(
            3,
            "404: There is no such user or mission."
        );
    }

    [Fact]
    public async Task Why_of_a_planned_mission_reads_as_it_was_approved()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        await node.TickAsync();

        var why = await RunAsync(node, "why user-1/mission-1");

        // What differs from run to run stands for itself.
        var text = Regex.Replace(why.Output, @"\d{4}-\d\d-\d\dT[\d:.]+Z", "<instant>");
        text = text.Replace(node.NodeId, "<node>", StringComparison.Ordinal);
        text = Regex.Replace(text, @"\d+ tokens", "<n> tokens");
        Approved.ShouldBe("why", Regex.Replace(text, @"run is in [^.]+\.", "run is in <span>."));
    }

    [Fact]
    public async Task Events_are_followed_until_the_node_stops()
    {
        var node = await StartAsync();
        await node.TickAsync();
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var synced = TextWriter.Synchronized(output);
        var following = CommandLine.RunAsync(["events", "--follow"], EnvironmentOf(node), synced, error);

        // Nobody tells when it listens: so something happens until it was seen.
        var made = 0;
        await Eventually.SeesAsync(
            async () =>
            {
                await InsertDueAsync($"mission-{++made}");
                await node.TickAsync();
                return output.ToString();
            },
            text => text.Contains("planned", StringComparison.Ordinal)
        );
        await node.StopAsync();

        (await following).ShouldBe(6);
        error.ToString().ShouldBe("The node ended the stream.\n");
        output.ToString().ShouldContain("claimed");
    }

    [Theory]
    [InlineData("why user-1", 2)]
    [InlineData("why", 2)]
    [InlineData("mission /x", 2)]
    [InlineData("run x", 2)]
    [InlineData("run 0", 2)]
    [InlineData("pause", 2)]
    [InlineData("missions --state asleep", 2)]
    [InlineData("missions --limit 0", 2)]
    [InlineData("usage --days 900", 2)]
    [InlineData("pause --reason x --until tomorrow", 2)]
    [InlineData("why user-1/nobody", 3)]
    [InlineData("mission user-1/nobody", 3)]
    [InlineData("run 4711", 3)]
    [InlineData("cancel 4711", 3)]
    [InlineData("retry 4711", 3)]
    [InlineData("run-now user-1/nobody", 3)]
    [InlineData("run-now user-1/nobody --dry-run", 3)]
    [InlineData("run-now user-1 --dry-run", 2)]
    public async Task What_is_wrong_or_not_there_has_its_exit_code(string line, int exitCode)
    {
        var node = await StartAsync();

        (await RunAsync(node, line)).ShouldFail(exitCode, "");
    }

    [Theory]
    [InlineData("missions")]
    [InlineData("mission u/m")]
    [InlineData("why u/m")]
    [InlineData("run-now u/m")]
    [InlineData("run-now u/m --dry-run")]
    [InlineData("runs")]
    [InlineData("run 1")]
    [InlineData("cancel 1")]
    [InlineData("retry 1")]
    [InlineData("pause --reason x")]
    [InlineData("resume")]
    [InlineData("pauses")]
    [InlineData("nodes")]
    [InlineData("usage")]
    [InlineData("events")]
    [InlineData("events --follow")]
    [InlineData("top")]
    public async Task A_wrong_key_is_denied_and_a_node_without_its_database_or_that_is_down_is_unavailable(
        string line
    )
    {
        var node = await StartOnAsync("postgresql://nobody:x@127.0.0.1:1/nowhere");
        (await RunAsync(node, line, key: "wrong-key")).ShouldFail(4, "401");
        if (line != "top")
        {
            (await RunAsync(node, line)).ShouldFail(6, "503");
        }

        await node.StopAsync();
        (await RunAsync(node, line)).ShouldFail(6, "No node answers");
    }

    [Theory]
    [InlineData("bash", "complete -F _mana_ai mana-ai")]
    [InlineData("zsh", "compdef _mana_ai mana-ai")]
    [InlineData("fish", "complete -f -c mana-ai")]
    public async Task A_shell_is_taught_to_complete(string shell, string says)
    {
        await using var output = new StringWriter();
        var nothing = new Dictionary<string, string?>(StringComparer.Ordinal);

        (await CommandLine.RunAsync(["completion", shell], nothing, output, TextWriter.Null)).ShouldBe(0);
        output.ToString().ShouldContain(says);

        await using var words = new StringWriter();
        await CommandLine.RunAsync(["[suggest:10]", "mana-ai pa"], nothing, words, TextWriter.Null);
        words.ToString().ShouldContain("pause");
        await using var newer = new StringWriter();
        await CommandLine.RunAsync(["[suggest:10]", "mana-ai do"], nothing, newer, TextWriter.Null);
        newer.ToString().ShouldContain("doctor");
        await using var options = new StringWriter();
        await CommandLine.RunAsync(
            ["[suggest:24]", "mana-ai doctor --ignore "],
            nothing,
            options,
            TextWriter.Null
        );
        options.ToString().ShouldContain("log-index");
    }

    [Fact]
    public async Task A_mission_as_deep_and_as_large_as_one_gets_can_be_looked_up()
    {
        var node = await StartAsync();
        await InsertDueAsync();
        var (depth, words) = (950, new string('\u0436', 2 * 1024 * 1024));
        await Database.InsertChangeAsync(
            new DeviceChange(
                "mission-1",
                $$"""{"deep":{{new string('[', depth)}}{{new string(']', depth)}},"conceptMarkdown":"{{words}}"}"""
            )
            {
                Op = "update",
                Times =
                    """{"deep":"2026-01-01T00:00:00.000Z","conceptMarkdown":"2026-01-01T00:00:00.000Z"}""",
            }
        );
        await node.TickAsync();

        var shown = await RunAsync(node, "mission user-1/mission-1");
        var whole = await RunAsync(node, "mission user-1/mission-1 -o json");

        shown.ExitCode.ShouldBe(0, shown.Error);
        shown.Output.ShouldContain("conceptMarkdown");
        whole.ExitCode.ShouldBe(0, whole.Error);
        whole.Output.Contains(words, StringComparison.Ordinal).ShouldBeTrue();
    }

    private static async Task<Ended> RunAsync(WholeNode node, string line, string key = WholeNode.Key)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var arguments = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var exitCode = await CommandLine.RunAsync(arguments, EnvironmentOf(node, key), output, error);
        return new Ended(exitCode, output.ToString(), error.ToString());
    }

    private static Dictionary<string, string?> EnvironmentOf(WholeNode node, string key = WholeNode.Key) =>
        new(StringComparer.Ordinal) { ["MANA_AI_URL"] = node.Address.ToString(), ["MANA_SERVICE_KEY"] = key };

    private sealed record Ended(int ExitCode, string Output, string Error)
    {
        public void ShouldFail(int exitCode, string says)
        {
            ExitCode.ShouldBe(exitCode, Error);
            Output.ShouldBeEmpty();
            Error.ShouldContain(says);
            Error.ShouldNotBeEmpty();
        }
    }
}
