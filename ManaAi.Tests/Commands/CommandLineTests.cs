using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Actors.Ticking;
using ManaAi.Host.Commands;
using ManaAi.Tests.Internal;

namespace ManaAi.Tests.Commands;

public sealed class CommandLineTests : IAsyncLifetime
{
    private RunningHost _host = null!;

    public async Task InitializeAsync() => _host = await RunningHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("serve")]
    public async Task Serve_says_all_that_is_wrong_and_ends_with_78(string command)
    {
        var ended = await RunAsync(
            command,
            ("PORT", "0"),
            ("MANA_SERVICE_KEY", null),
            ("SYNC_DATABASE_URL", "postgresql://u:canary@host:x/db")
        );

        ended.ExitCode.ShouldBe(78);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldStartWith("3 settings are wrong:");
        ended.Error.ShouldContain("  PORT is 0; it must be a whole number from 1 to 65535.");
        ended.Error.ShouldContain("  MANA_SERVICE_KEY is not set;");
        ended.Error.ShouldContain(
            "  SYNC_DATABASE_URL is not a database URL that can be used: its port must be"
        );
        ended.Error.ShouldNotContain("canary");
    }

    [Fact]
    public async Task Tick_shows_what_came_of_it()
    {
        _host.Actors.OnTick = _ => Task.FromResult(new TickReport(ScriptedActors.ScannedAt, 4, 3, 2, 1, []));

        var ended = await RunAsync("tick");

        ended.ExitCode.ShouldBe(0);
        ended.Error.ShouldBeEmpty();
        ended.Output.ShouldBe(
            """
            scanned at          2026-03-04T05:06:07.089Z
            due                 4
            plans produced      3
            plans written back  2
            parse failures      1

            """
        );
    }

    [Fact]
    public async Task Tick_fails_when_the_tick_did_and_prints_json_when_asked()
    {
        _host.Actors.OnTick = _ =>
            Task.FromResult(TickReport.Failed(ScriptedActors.ScannedAt, "No \u001b[31mdatabase."));

        var ended = await RunAsync("tick -o json");

        ended.ExitCode.ShouldBe(1);
        ended.Error.ShouldBe("No \uFFFD[31mdatabase.\n");
        using var body = JsonDocument.Parse(ended.Output);
        body.RootElement.GetProperty("errors")[0].GetString().ShouldBe("No \u001b[31mdatabase.");
        ended.Output.ShouldNotContain('\u001b');
    }

    [Fact]
    public async Task Status_shows_the_node_and_why_it_is_not_ready()
    {
        _host.Actors.OnCheck = () => Task.FromResult(Readiness.NotReady("Run roles.sql."));

        var ended = await RunAsync("status");

        ended.ExitCode.ShouldBe(0);
        ended.Output.ShouldContain("node              node-7\n");
        ended.Output.ShouldContain("ready             no\n");
        ended.Output.ShouldContain("open occurrences  3\n");
        ended.Output.ShouldContain("skipped (budget)  2\n");
        ended.Output.ShouldContain(
            "node node-7  host-a:3066, 1.2.3, since 2026-03-04 05:06:07Z, alive at 2026-03-04 05:06:07Z, 2 plans under way\n"
        );
        ended.Output.ShouldContain("node node-6  host-b:3066, 1.2.2");
        ended.Output.ShouldContain("gone since 2026-03-04 05:06:07Z\n");
        ended.Error.ShouldBe("Run roles.sql.\n");
    }

    [Fact]
    public async Task Status_as_json_is_what_the_node_answered()
    {
        var ended = await RunAsync("status --output json");

        ended.ExitCode.ShouldBe(0);
        using var body = JsonDocument.Parse(ended.Output);
        body.RootElement.GetProperty("nodeId").GetString().ShouldBe("node-7");
    }

    [Fact]
    public async Task Of_several_keys_the_first_is_sent() =>
        (await RunAsync("status", ("MANA_SERVICE_KEY", $"{RunningHost.OldKey},unknown"))).ExitCode.ShouldBe(
            0
        );

    [Fact]
    public async Task A_key_file_comes_before_the_environment()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await File.WriteAllTextAsync(file, RunningHost.Key + "\n");
        try
        {
            var ended = await RunAsync($"status --key-file {file}", ("MANA_SERVICE_KEY", "wrong"));
            ended.ExitCode.ShouldBe(0);
        }
        finally
        {
            File.Delete(file);
        }

        var missing = await RunAsync($"status --key-file {file}");
        missing.ExitCode.ShouldBe(2);
        missing.Error.ShouldContain("--key-file names a file that is not there");
    }

    [Theory]
    [InlineData("tick")]
    [InlineData("status")]
    public async Task A_wrong_key_is_denied(string command)
    {
        var ended = await RunAsync(command, ("MANA_SERVICE_KEY", "wrong-canary"));

        ended.ExitCode.ShouldBe(4);
        ended.Error.ShouldStartWith("The node answered 401:");
        ended.Error.ShouldNotContain("canary");
        ended.Output.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("status", 2, "MANA_SERVICE_KEY", null, "There is no service key")]
    [InlineData("status", 78, "MANA_AI_URL", "nonsense", "MANA_AI_URL")]
    [InlineData("status", 3, "MANA_AI_URL", "/elsewhere", "404")]
    public async Task What_is_missing_or_wrong_has_its_own_exit_code(
        string command,
        int exitCode,
        string name,
        string? value,
        string says
    )
    {
        var isPath = value?.StartsWith('/') == true;

        var ended = await RunAsync(
            command,
            (name, isPath ? $"{_host.Address.ToString().TrimEnd('/')}{value}" : value)
        );

        ended.ExitCode.ShouldBe(exitCode);
        ended.Error.ShouldContain(says);
    }

    [Theory]
    [InlineData("tick")]
    [InlineData("status")]
    public async Task A_node_that_is_away_is_unavailable(string command)
    {
        var ended = await RunAsync(command, ("MANA_AI_URL", $"http://127.0.0.1:{ClosedPort()}"));

        ended.ExitCode.ShouldBe(6);
        ended.Error.ShouldContain("No node answers at http://127.0.0.1");
    }

    [Fact]
    public async Task A_service_of_another_kind_is_told_apart()
    {
        await using var other = await OtherService.StartAsync();

        var ended = await RunAsync("status", ("MANA_AI_URL", other.Address));

        ended.ExitCode.ShouldBe(1);
        ended.Error.ShouldContain("not a mana-ai node");
    }

    [Fact]
    public async Task An_answer_that_is_too_much_is_told_as_what_it_is()
    {
        await using var other = await OtherService.StartAsync(bytes: 100_000_000);

        var ended = await RunAsync("status", ("MANA_AI_URL", other.Address));

        ended.ExitCode.ShouldBe(1);
        ended.Error.ShouldBe($"What answers at {other.Address}/ says more than 64 MiB, which is not read.\n");
    }

    [Fact]
    public async Task Health_ends_with_0_or_1_and_nothing_else()
    {
        var port = _host.Address.Port.ToString(CultureInfo.InvariantCulture);

        (await RunAsync("health", ("PORT", port))).ExitCode.ShouldBe(0);
        (await RunAsync("health", ("PORT", ClosedPort()))).ExitCode.ShouldBe(1);
        (await RunAsync("health", ("PORT", "no port"))).ExitCode.ShouldBe(1);
    }

    [Theory]
    [InlineData("unknown")]
    [InlineData("statu")]
    [InlineData("tick --unknown")]
    [InlineData("tick -o xml")]
    [InlineData("status extra")]
    public async Task What_is_not_understood_ends_with_2(string line)
    {
        var ended = await RunAsync(line);

        ended.ExitCode.ShouldBe(2);
        ended.Error.ShouldNotBeEmpty();
        ended.Output.ShouldBeEmpty();
        _host.Actors.TicksAsked.ShouldBe(0);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("serve --help")]
    [InlineData("health --help")]
    [InlineData("tick --help")]
    [InlineData("status -h")]
    public async Task Help_ends_with_examples(string line)
    {
        var ended = await RunAsync(line);

        ended.ExitCode.ShouldBe(0);
        ended.Error.ShouldBeEmpty();
        ended.Output.ShouldContain("Usage:");
        ended.Output.ShouldContain("Examples:\n  ");
        ended.Output.ShouldContain("  mana-ai");
    }

    private async Task<Ended> RunAsync(string line, params (string Name, string? Value)[] changes)
    {
        var environment = new Dictionary<string, string?>
        {
            ["MANA_AI_URL"] = _host.Address.ToString(),
            ["MANA_SERVICE_KEY"] = RunningHost.Key,
        };
        foreach (var (name, value) in changes)
        {
            environment[name] = value;
        }

        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var arguments = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var exitCode = await CommandLine.RunAsync(arguments, environment, output, error);
        return new Ended(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>SIGTERM may come while the process is still starting; whoever sent it must not take that for a crash.</summary>
    [Fact]
    public async Task Serve_that_is_told_to_stop_before_it_has_started_ends_with_0()
    {
        var environment = new Dictionary<string, string?>
        {
            ["PORT"] = ClosedPort(),
            ["MANA_SERVICE_KEY"] = RunningHost.Key,
            ["SYNC_DATABASE_URL"] = $"postgresql://u:p@127.0.0.1:{ClosedPort()}/db",
        };
        var parsed = CommandLine.Create(environment).Parse(["serve"]);

        var exitCode = await ServeCommand.ServeAsync(parsed, environment, new CancellationToken(true));

        exitCode.ShouldBe(0);
    }

    private static string ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return port.ToString(CultureInfo.InvariantCulture);
    }

    private sealed record Ended(int ExitCode, string Output, string Error);
}
