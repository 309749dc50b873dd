using System.CommandLine;
using System.Text.Json;
using ManaAi.Host.Commands;

namespace ManaAi.Tests.Missions;

public class NextCommandTests
{
    private const string Daily = """{"kind":"daily","atHour":2,"atMinute":30}""";

    private readonly Dictionary<string, string> _environment = [];

    [Fact]
    public void The_instants_come_as_an_array_of_ISO_texts_and_nothing_else()
    {
        foreach (
            string[] form in new[] { ["--json"], ["-o", "json"], new[] { "--output", "json", "--json" } }
        )
        {
            var (exit, output, error) = Run([
                "--cadence",
                Daily,
                "--zone",
                "Europe/Berlin",
                "--from",
                "2026-03-28T12:00:00Z",
                "-n",
                "2",
                .. form,
            ]);

            (exit, error).ShouldBe((0, ""));
            JsonSerializer
                .Deserialize<string[]>(output)
                .ShouldBe(["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]);
        }
    }

    [Fact]
    public void The_table_shows_the_wall_and_marks_what_daylight_saving_touched()
    {
        Table("2026-03-27T12:00:00Z", "3")
            .ShouldBe([
                "local time               zone           offset  utc                       daylight saving",
                "Sat 2026-03-28 02:30:00  Europe/Berlin  +01:00  2026-03-28T01:30:00.000Z",
                "Sun 2026-03-29 03:00:00  Europe/Berlin  +02:00  2026-03-29T01:00:00.000Z  moved: 2026-03-29 02:30 does not exist",
                "Mon 2026-03-30 02:30:00  Europe/Berlin  +02:00  2026-03-30T00:30:00.000Z",
            ]);
        Table("2026-10-25T00:00:00Z", "1")[1]
            .ShouldBe(
                "Sun 2026-10-25 02:30:00  Europe/Berlin  +02:00  2026-10-25T00:30:00.000Z  the first of two"
            );
    }

    [Fact]
    public void Ten_runs_from_now_in_the_configured_zone_are_what_one_gets_unasked()
    {
        _environment["DEFAULT_TIME_ZONE"] = "Asia/Kathmandu";

        var (exit, output, error) = Run([
            "--cadence",
            """{"kind":"daily","atHour":0,"atMinute":0}""",
            "--json",
        ]);

        (exit, error).ShouldBe((0, ""));
        var runs = JsonSerializer.Deserialize<string[]>(output).ShouldNotBeNull();
        runs.Length.ShouldBe(10);
        runs[0].ShouldBe("2026-01-01T18:15:00.000Z");
    }

    [Theory]
    [InlineData("", "2026-05-01T10:05:00.000Z", "5 minutes")]
    [InlineData("30", "2026-05-01T10:30:00.000Z", "30 minutes")]
    [InlineData("1", "2026-05-01T10:02:00.000Z", "")]
    public void An_interval_below_the_floor_is_told_on_standard_error(
        string minimum,
        string expected,
        string told
    )
    {
        _environment["MIN_INTERVAL_MINUTES"] = minimum;

        var (exit, output, error) = Run([
            "--cadence",
            """{"kind":"interval","everyMinutes":2}""",
            "--from",
            "2026-05-01T12:00+02:00",
            "-n",
            "1",
            "--json",
        ]);

        exit.ShouldBe(0);
        JsonSerializer.Deserialize<string[]>(output).ShouldBe([expected]);
        (error.Length == 0).ShouldBe(told.Length == 0);
        error.ShouldContain(told);
    }

    [Theory]
    [InlineData("""{"kind":"manual"}""", "manual")]
    [InlineData("""{"kind":"cron","expression":"0 0 31 2 *"}""", "never comes")]
    public void Never_is_an_answer_and_its_reason_goes_to_standard_error(string cadence, string reason)
    {
        var (exit, output, error) = Run(["--cadence", cadence, "--json"]);
        (exit, output.Trim()).ShouldBe((0, "[]"));
        error.ShouldContain(reason);

        (exit, output, error) = Run(["--cadence", cadence]);
        (exit, output.Trim().Split('\n').Length).ShouldBe((0, 1)); // The heads of the columns alone.
        error.ShouldContain(reason);
    }

    public static TheoryData<string[], string> Mistakes =>
        new()
        {
            { [], "--cadence" },
            { ["--cadence"], "--cadence" },
            { ["--cadence", "daily"], "not JSON" },
            { ["--cadence", "{}"], "no kind" },
            { ["--cadence", """{"kind":"cron","expression":"0 0 * *"}"""], "4 fields" },
            { ["--cadence", Daily, "--zone", "Berlin"], "\"Berlin\"" },
            { ["--cadence", Daily, "--zone"], "--zone" },
            { ["--cadence", Daily, "--from", "yesterday"], "--from" },
            { ["--cadence", Daily, "--from", "2026-03-29T00:00:00"], "--from" },
            { ["--cadence", Daily, "--from", "2026-02-30T00:00:00Z"], "--from" },
            { ["--cadence", Daily, "--from"], "--from" },
            { ["--cadence", Daily, "-n", "0"], "-n" },
            { ["--cadence", Daily, "-n", "1001"], "-n" },
            { ["--cadence", Daily, "-n", "ten"], "-n" },
            { ["--cadence", Daily, "-n"], "-n" },
            { ["--cadence", Daily, "-o", "xml"], "-o" },
            { ["--cadence", Daily, "-o", "table", "--json"], "-o" },
            { ["--cadence", Daily, "--until", "2027"], "--until" },
        };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_one_sentence_on_standard_error_and_ends_with_two(string[] arguments, string part)
    {
        var (exit, output, error) = Run(arguments);

        (exit, output).ShouldBe((2, ""));
        error.ShouldContain(part);
        error.TrimEnd().ShouldNotContain('\n');
    }

    [Theory]
    [InlineData("MIN_INTERVAL_MINUTES", "0")]
    [InlineData("MIN_INTERVAL_MINUTES", "1441")]
    [InlineData("DEFAULT_TIME_ZONE", "Nowhere")]
    public void A_setting_that_is_wrong_is_a_mistake_too(string name, string value)
    {
        _environment[name] = value;

        var (exit, output, error) = Run(["--cadence", Daily]);

        (exit, output).ShouldBe((2, ""));
        error.ShouldContain(name);
    }

    private string[] Table(string from, string count)
    {
        var (exit, output, error) = Run(["--cadence", Daily, "--from", from, "-n", count]);
        (exit, error).ShouldBe((0, ""));
        return output.TrimEnd().Split(Environment.NewLine);
    }

    private (int Exit, string Output, string Error) Run(string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var root = new RootCommand
        {
            NextCommand.Create(new FixedTime(), name => _environment.GetValueOrDefault(name)),
        };
        var exit = root.Parse(["next", .. arguments])
            .Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exit, output.ToString(), error.ToString());
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    }
}
