using System.Text.Json;
using ManaAi.Host.Commands;
using ManaAi.Tests.Support;
using ManaAi.Tests.Verification;

namespace ManaAi.Tests.Commands;

/// <summary>What `verify` prints, and how it ends.</summary>
public sealed class VerifyCommandTests : IAsyncLifetime
{
    private VerifyBench _bench = null!;

    public async Task InitializeAsync() => _bench = await VerifyBench.CreateAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task A_healthy_database_ends_with_0_and_says_what_was_looked_at()
    {
        var ended = await RunAsync();

        ended.Error.ShouldBeEmpty();
        ended.ExitCode.ShouldBe(0);
        ended.Output.ShouldContain("change log   2 rows (generation 2), 1 by ManaAi\n");
        ended.Output.ShouldContain("projection   1 missions, 0 agents\n");
        ended.Output.ShouldContain("occurrences  1: 0 open, 1 planned\n");
        ended.Output.ShouldEndWith("ok: 0 wrong, 0 overwritten, 0 lost, 0 pending\n");
    }

    [Fact]
    public async Task What_is_wrong_is_one_line_each_and_ends_with_1()
    {
        await ForgeTitleAsync();

        var ended = await RunAsync();

        ended.ExitCode.ShouldBe(1);
        ended.Output.ShouldContain(
            "wrong I5 projection: aiMissions user-1/mission-1: title: not what the log folds into; "
        );
        ended.Output.ShouldEndWith("NOT OK: 1 wrong, 0 overwritten, 0 lost, 0 pending\n");
        ended.Output.ShouldNotContain("Forged");
    }

    [Fact]
    public async Task As_json_each_finding_has_its_keys()
    {
        await _bench.DamageAsync("update mana_ai.runs set iteration_id = gen_random_uuid()");

        var ended = await RunAsync("-o json");

        ended.ExitCode.ShouldBe(1);
        using var body = JsonDocument.Parse(ended.Output);
        var report = body.RootElement;
        report.GetProperty("ok").GetBoolean().ShouldBeFalse();
        report.GetProperty("looked").GetProperty("runs").GetProperty("planned").GetInt64().ShouldBe(1);
        report.GetProperty("counts").GetProperty("wrong").GetInt64().ShouldBe(1);
        var finding = report.GetProperty("findings").EnumerateArray().ShouldHaveSingleItem();
        Text("invariant").ShouldBe("I1");
        Text("kind").ShouldBe("iteration-id");
        Text("severity").ShouldBe("wrong");
        Text("userId").ShouldBe("user-1");
        Text("missionId").ShouldBe("mission-1");
        Text("dueAt").ShouldEndWith("Z");
        Text("changeId").ShouldBe(_bench.Claim.Occurrence.ChangeId.ToString());
        finding.GetProperty("runId").GetInt64().ShouldBe(_bench.Claim.RunId);
        finding.GetProperty("agentId").ValueKind.ShouldBe(JsonValueKind.Null);

        string Text(string name) => finding.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task Refold_puts_right_what_can_be_and_tells_what_it_folded()
    {
        await ForgeTitleAsync();

        var ended = await RunAsync("--refold");

        ended.ExitCode.ShouldBe(0);
        ended.Output.ShouldContain("folded again: aiMissions user-1/mission-1\n");
        ended.Output.ShouldEndWith("ok: 0 wrong, 0 overwritten, 0 lost, 0 pending\n");
        using var body = JsonDocument.Parse((await RunAsync("--refold --json")).Output);
        body.RootElement.GetProperty("refolded").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Without_refold_nothing_is_written()
    {
        await ForgeTitleAsync();

        await RunAsync();

        (await RunAsync()).ExitCode.ShouldBe(1);
    }

    [Theory]
    [InlineData("--stale-after -1")]
    [InlineData("--stale-after soon")]
    [InlineData("--unknown")]
    public async Task Used_wrongly_it_ends_with_2(string arguments)
    {
        var ended = await RunAsync(arguments);

        ended.ExitCode.ShouldBe(2);
        ended.Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_database_that_is_away_ends_with_6_and_one_that_the_login_may_not_see_with_4()
    {
        var away = await RunAsync("", "postgresql://nobody:canary@127.0.0.1:1/mana_sync");
        (away.ExitCode, away.Output).ShouldBe((6, ""));
        away.Error.ShouldStartWith("Nothing was verified: the database cannot be reached");
        away.Error.ShouldNotContain("canary");

        await using var empty = await TestDatabase.CreateAsync();
        (await RunAsync("", empty.ReaderUrl)).Error.ShouldContain("start the service once");
        await empty.ExecuteAsync("drop table public.sync_changes");
        (await RunAsync("", empty.ReaderUrl)).Error.ShouldContain("public.sync_changes");

        await using var login = await TestLogin.CreateAsync(_bench.Database, "");
        await _bench.DamageAsync($"grant select on public.sync_changes to {login.Name}");
        var blinded = await RunAsync("", login.Url);
        blinded.ExitCode.ShouldBe(4);
        blinded.Error.ShouldContain("row-level security");
    }

    [Fact]
    public async Task A_wrong_setting_ends_with_78() =>
        (await RunAsync("", "nonsense")).ExitCode.ShouldBe(78);

    private Task ForgeTitleAsync() =>
        _bench.DamageAsync("update mana_ai.missions set record = jsonb_set(record, '{title}', '\"Forged\"')");

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string arguments = "",
        string? url = null
    )
    {
        var environment = new Dictionary<string, string?>
        {
            ["SYNC_DATABASE_URL"] = url ?? _bench.Database.ReaderUrl,
        };
        await using var output = new StringWriter { NewLine = "\n" };
        await using var error = new StringWriter { NewLine = "\n" };
        var exitCode = await CommandLine.RunAsync(
            ["verify", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            environment,
            output,
            error
        );
        return (exitCode, output.ToString(), error.ToString());
    }
}
