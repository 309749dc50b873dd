using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ManaAi.Host.Commands;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Commands;

/// <summary>How `simulate` is asked wrongly, and what keeps it from an answer.</summary>
public sealed class SimulateUsageTests
{
    [Theory]
    [InlineData("--from yesterday", "--from takes an ISO instant")]
    [InlineData("--from 2026-03-29T00:00:00", "--from takes an ISO instant")]
    [InlineData("--from 9999-01-01T00:00:00Z", "--from takes an ISO instant")]
    [InlineData("--to tomorrow", "--to takes an ISO instant")]
    [InlineData("--to 2020-01-01T00:00:00Z", "--to must lie after --from")]
    [InlineData("--from 2030-01-01T00:00Z --to 2030-01-01T01:00+01:00", "--to must lie after --from")]
    [InlineData("--from 2030-01-01T00:00Z --to 2030-02-01T00:00:00.001Z", "more than 31 days")]
    [InlineData("--nodes 0", "--nodes takes a whole number from 1 to 1000.")]
    [InlineData("--nodes 1001", "--nodes")]
    [InlineData("--nodes 1.5", "--nodes")]
    [InlineData("--seconds-per-plan 0", "--seconds-per-plan takes a number above 0")]
    [InlineData("--seconds-per-plan -1", "--seconds-per-plan")]
    [InlineData("--seconds-per-plan 3600.5", "--seconds-per-plan")]
    [InlineData("--seconds-per-plan NaN", "--seconds-per-plan")]
    [InlineData("-o xml", "-o takes json or table")]
    [InlineData("-o table --json", "-o takes json or table")]
    [InlineData("--from", "--from")]
    [InlineData("--from 2030-01-01T00:00Z --from 2030-01-01T00:00Z", "--from")]
    [InlineData("--json --json", "'--json' is given more than once")]
    [InlineData("--until 2030", "--until")]
    [InlineData("now", "now")]
    public async Task A_mistake_is_said_and_ends_with_2_before_a_database_is_asked(
        string options,
        string says
    )
    {
        var (exitCode, output, error) = await RunAsync($"simulate {options}", ClosedUrl());

        (exitCode, output).ShouldBe((2, ""));
        error.ShouldContain(says);
    }

    [Theory]
    [InlineData("next --cadence {\"kind\":\"manual\"} --json --json", "'--json'")]
    [InlineData("next --cadence {\"kind\":\"manual\"} --cadence {\"kind\":\"manual\"}", "'--cadence'")]
    [InlineData(
        "next --cadence {\"kind\":\"manual\"} --from 2026-01-01T00:00Z --from 2026-01-01T00:00Z",
        "'--from'"
    )]
    [InlineData("next --cadence {\"kind\":\"manual\"} -n 1 -n 1", "'-n'")]
    [InlineData("next --cadence {\"kind\":\"manual\"} -o json --output json", "'-o'")]
    [InlineData("status -o json -o json", "'-o'")]
    [InlineData("tick --key-file a --key-file a", "'--key-file'")]
    [InlineData("llm-stub --reset --reset", "'--reset'")]
    [InlineData("llm-stub --port 0 --port 0", "'--port'")]
    [InlineData("llm-stub --port 70000", "--port must be from 0 to 65535")]
    [InlineData("llm-stub --host nowhere", "--host is no IP address")]
    public async Task No_command_takes_an_option_twice(string line, string option)
    {
        var (exitCode, output, error) = await RunAsync(line, ClosedUrl());

        (exitCode, output).ShouldBe((2, ""));
        error.ShouldContain(option);
    }

    [Fact]
    public async Task A_database_that_is_away_is_unavailable_and_no_password_is_shown()
    {
        var (exitCode, output, error) = await RunAsync("simulate", ClosedUrl());

        (exitCode, output).ShouldBe((6, ""));
        error.ShouldContain("the database cannot be reached");
        error.ShouldNotContain("canary");
    }

    [Fact]
    public async Task A_login_that_is_refused_is_denied()
    {
        await using var database = await TestDatabase.CreateAsync();
        var url = database.ReaderUrl.Replace(
            TestCluster.ReaderPassword,
            "wrong-canary",
            StringComparison.Ordinal
        );

        var (exitCode, output, error) = await RunAsync("simulate", url);

        (exitCode, output).ShouldBe((4, ""));
        error.ShouldContain("the database refuses the login");
        error.ShouldNotContain("canary");
    }

    [Fact]
    public async Task Settings_that_are_wrong_are_all_told_and_no_key_is_asked_for()
    {
        var (exitCode, _, error) = await RunAsync(
            "simulate",
            "nonsense",
            ("DEFAULT_TIME_ZONE", "Nowhere"),
            ("MAX_CONCURRENT_PLANS", "0")
        );

        exitCode.ShouldBe(78);
        error.ShouldStartWith("3 settings are wrong:");
        error.ShouldContain("SYNC_DATABASE_URL");
    }

    [Fact]
    public async Task Help_shows_examples()
    {
        var (exitCode, output, error) = await RunAsync("simulate --help", ClosedUrl());

        (exitCode, error).ShouldBe((0, ""));
        output.ShouldContain("--seconds-per-plan <seconds>");
        output.ShouldContain("Examples:\n  mana-ai simulate\n");
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string line,
        string database,
        params (string Name, string? Value)[] settings
    )
    {
        var environment = settings
            .Append(("SYNC_DATABASE_URL", database))
            .ToDictionary(setting => setting.Item1, setting => setting.Item2);
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exitCode = await CommandLine.RunAsync(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            environment,
            output,
            error
        );
        return (exitCode, output.ToString(), error.ToString());
    }

    private static string ClosedUrl()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        return $"postgresql://mana:canary@127.0.0.1:{port}/mana_sync";
    }
}
