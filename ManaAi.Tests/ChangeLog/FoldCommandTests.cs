using System.CommandLine;
using System.Text;
using System.Text.Json;
using ManaAi.Host.Commands;

namespace ManaAi.Tests.ChangeLog;

public sealed class FoldCommandTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Users_records_tables_and_generations_may_be_mixed_in_one_file()
    {
        var (exit, output, error) = Run(
            """
            [
              {"id":"00000000-0000-0000-0000-000000000001","user_id":"u1","app_id":"ai","table_name":"aiMissions",
               "record_id":"m","op":"insert","data":{"title":"one","updatedAt":"2026-04-15T09:00:00.000Z"},
               "field_timestamps":{},"schema_version":1,"created_at":"2026-04-20T00:00:00.123456+00:00"},
              {"id":"00000000-0000-0000-0000-000000000002","user_id":"u2","app_id":"ai","table_name":"aiMissions",
               "record_id":"m","op":"update","data":{"title":"two"},
               "field_meta":{"title":{"at":"2026-04-15T10:00:00.000Z","actor":{"kind":"user"},"origin":"user"}},
               "created_at":"2026-04-20T00:00:01+00:00"},
              {"user_id":"u1","app_id":"ai","table_name":"agents","record_id":"m","op":"update","data":{"name":"A"},
               "field_timestamps":{"name":"2026-04-15T09:00:00.000Z"},"created_at":"2026-04-20T02:00:02+02:00"},
              {"user_id":"u1","app_id":"ai","table_name":"aiMissions","record_id":"n","op":"insert",
               "data":{"title":"gone"},"field_timestamps":{},"created_at":"2026-04-20T00:00:03+00:00"},
              {"user_id":"u1","app_id":"ai","table_name":"aiMissions","record_id":"n","op":"delete","data":null,
               "field_timestamps":{},"created_at":"2026-04-20T00:00:04+00:00"}
            ]
            """
        );

        (exit, error).ShouldBe((0, ""));
        ShouldBeJson(
            output,
            """
            [
              {"userId":"u1","appId":"ai","tableName":"aiMissions","recordId":"m",
               "record":{"id":"m","title":"one","updatedAt":"2026-04-15T09:00:00.000Z"},
               "fieldTimes":{"title":"2026-04-15T09:00:00.000Z","updatedAt":"2026-04-15T09:00:00.000Z"}},
              {"userId":"u2","appId":"ai","tableName":"aiMissions","recordId":"m",
               "record":{"id":"m","title":"two"},"fieldTimes":{"title":"2026-04-15T10:00:00.000Z"}},
              {"userId":"u1","appId":"ai","tableName":"agents","recordId":"m",
               "record":{"id":"m","name":"A"},"fieldTimes":{"name":"2026-04-15T09:00:00.000Z"}},
              {"userId":"u1","appId":"ai","tableName":"aiMissions","recordId":"n","record":null,"fieldTimes":null}
            ]
            """
        );
    }

    [Fact]
    public void The_floor_of_updatedAt_is_the_first_generations_alone()
    {
        const string Insert = """
            "op":"insert","data":{"updatedAt":"2026-04-15T09:00:00.000Z"},"created_at":"2026-04-20T00:00:00Z"
            """;
        const string Late =
            """ "op":"update","data":{"state":"paused"},"created_at":"2026-04-20T00:00:01Z" """;
        const string Times = """{"state":"2026-04-15T08:00:00.000Z"}""";

        var (_, output, _) = Run(
            $$"""
            [{"record_id":"one",{{Insert}},"field_timestamps":{} },
             {"record_id":"one",{{Late}},"field_timestamps":{{Times}} },
             {"record_id":"two",{{Insert}},"field_timestamps":{} },
             {"record_id":"two",{{Late}},"field_meta":{{Times}} }]
            """
        );

        using var records = JsonDocument.Parse(output);
        records.RootElement[0].GetProperty("record").TryGetProperty("state", out _).ShouldBeFalse();
        records.RootElement[1].GetProperty("record").GetProperty("state").GetString().ShouldBe("paused");
    }

    [Fact]
    public void Rows_of_one_instant_are_ordered_by_id_and_as_given_where_there_is_none()
    {
        const string At = "\"created_at\":\"2026-04-20T00:00:00+00:00\"";
        const string Times = "\"field_timestamps\":{\"title\":\"same\"}";

        var (_, output, _) = Run(
            $$$"""
            [{"id":"0B000000-0000-0000-0000-000000000000","record_id":"a","op":"update","data":{"title":"second"},{{{At}}},{{{Times}}}},
             {"id":"0a000000-0000-0000-ffff-000000000000","record_id":"a","op":"update","data":{"title":"first"},{{{At}}},{{{Times}}}},
             {"record_id":"b","op":"update","data":{"title":"first"},{{{At}}},{{{Times}}}},
             {"record_id":"b","op":"update","data":{"title":"second"},{{{At}}},{{{Times}}}},
             {"record_id":"c","op":"update","data":{"title":"later"},"created_at":"2026-04-20T00:00:00.000002+00:00",{{{Times}}}},
             {"record_id":"c","op":"update","data":{"title":"sooner"},"created_at":"2026-04-20T02:00:00.000001+02:00",{{{Times}}}}]
            """
        );

        Titles(output).ShouldBe(["second", "second", "later"]);
    }

    [Theory]
    [InlineData("2026-04-20T00:00:00.123999+00:00", "2026-04-20T00:00:00.123Z")]
    [InlineData("2026-04-20T02:30:00+02:30", "2026-04-20T00:00:00.000Z")]
    [InlineData("2026-04-20 02:00:00.5+02", "2026-04-20T00:00:00.500Z")]
    [InlineData("2026-04-20T00:00:00.000Z", "2026-04-20T00:00:00.000Z")]
    public void An_insert_without_a_time_takes_its_created_at_cut_to_milliseconds(
        string createdAt,
        string time
    )
    {
        var (exit, output, error) = Run(
            $$"""
            [{"record_id":"m","op":"insert","data":{"title":"t","updatedAt":null},"created_at":"{{createdAt}}"}]
            """
        );

        (exit, error).ShouldBe((0, ""));
        using var records = JsonDocument.Parse(output);
        CanonicalJson
            .Of(records.RootElement[0].GetProperty("fieldTimes"))
            .ShouldBe(CanonicalJson.Of($$"""{"title":"{{time}}","updatedAt":"{{time}}"}"""));
    }

    [Fact]
    public void A_time_without_a_text_at_is_the_empty_text()
    {
        var (exit, output, error) = Run(
            """
            [{"record_id":"m","op":"update","data":{"title":"t","state":"s"},"created_at":"2026-04-20T00:00:00Z",
              "field_meta":{"title":{"actor":{}},"state":{"at":5}}}]
            """
        );

        (exit, error).ShouldBe((0, ""));
        using var records = JsonDocument.Parse(output);
        CanonicalJson
            .Of(records.RootElement[0].GetProperty("fieldTimes"))
            .ShouldBe("""{"state":"","title":""}""");
    }

    public static TheoryData<string, string> Unfoldable =>
        new()
        {
            { """ "op":"update","data":["canary"],"field_timestamps":{} """, "data" },
            { """ "op":"update","data":"canary","field_timestamps":{} """, "data" },
            { """ "op":"update","data":{"x":"canary"},"field_timestamps":["canary"] """, "times" },
            { """ "op":"update","data":{"x":"canary"},"field_timestamps":{"x":7} """, "times" },
            { """ "op":"update","data":{"x":"canary"},"field_meta":{"x":["canary"]} """, "times" },
            { """ "op":"insert","data":{"x":"canary"},"field_timestamps":{"x":true} """, "times" },
            { """ "op":"delete","data":{"deletedAt":"canary"},"field_timestamps":3 """, "times" },
            { """ "op":"insert","data":{"x":"canary","updatedAt":12} """, "updatedAt" },
            { """ "op":"insert","data":{"x":"canary","createdAt":{}} """, "createdAt" },
            { """ "op":"canary","data":{} """, "op" },
            { """ "data":{"x":"canary"} """, "op" },
            { """ "op":"insert","data":{"x":"canary"},"schema_version":2 """, "schema_version" },
            { """ "op":"insert","data":{"x":"canary"},"schema_version":1.5 """, "schema_version" },
            { """ "op":"insert","data":{"x":"canary"},"schema_version":3000000000 """, "schema_version" },
            { """ "op":"insert","data":{"x":"canary"},"schema_version":"1" """, "schema_version" },
            { """ "op":"insert","data":{"x":"canary \ud800"} """, "Unicode" },
            { """ "op":"insert","data":{"x":[{"y":"canary \uDFFF\uD800"}]} """, "Unicode" },
            { """ "op":"insert","data":{"\ud800":"canary"} """, "Unicode" },
            { """ "op":"update","data":{"x":"canary"},"field_meta":{"x":"\ud83d"} """, "Unicode" },
            { """ "op":"delete","data":{"deletedAt":"canary\ud83d"} """, "Unicode" },
            { """ "op":"\udc00","data":{"x":"canary"} """, "Unicode" },
            { """ "op":"insert","data":{"x":"canary"},"created_at":"canary" """, "created_at" },
            { """ "op":"insert","data":{"x":"canary"},"created_at":"infinity" """, "created_at" },
            { """ "op":"insert","data":{"x":"canary"},"created_at":"12:00" """, "created_at" },
            { """ "op":"insert","data":{"x":"canary"},"created_at":null """, "created_at" },
        };

    [Theory]
    [MemberData(nameof(Unfoldable))]
    public void A_row_that_cannot_be_folded_is_reported_and_the_others_go_on(string columns, string part)
    {
        var (exit, output, error) = Run(
            $$"""
            [{"record_id":"m","op":"insert","data":{"title":"stays"},"created_at":"2026-04-20T00:00:00Z"},
             {"record_id":"m","created_at":"2026-04-20T00:00:01Z",{{columns}} }]
            """
        );

        exit.ShouldBe(0);
        Titles(output).ShouldBe(["stays"]);
        error.ShouldStartWith("Row 1");
        error.ShouldContain(part);
        error.TrimEnd().ShouldNotContain('\n');
        (output + error).ShouldNotContain("canary");
    }

    [Fact]
    public void What_is_no_row_at_all_is_reported_too()
    {
        var (exit, output, error) = Run("""["canary", null, 5, [{}]]""");

        (exit, output.Trim()).ShouldBe((0, "[]"));
        error.Trim().Split(Environment.NewLine).Length.ShouldBe(4);
        error.ShouldNotContain("canary");
    }

    [Fact]
    public void A_hostile_record_id_cannot_reach_the_terminal()
    {
        var (_, _, error) = Run(
            """
            [{"record_id":"\u001b[2J\nRow 9","op":"x","created_at":"2026-04-20T00:00:00Z"}]
            """
        );

        error.TrimEnd().ShouldNotContain('\u001b');
        error.TrimEnd().ShouldNotContain('\n');
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\n")] // What psql prints for json_agg over no rows.
    [InlineData("\uFEFF[]")]
    [InlineData("\uFEFF\r\n")]
    public void No_rows_are_no_records(string json)
    {
        var (exit, output, error) = Run(json);

        (exit, output.Trim(), error).ShouldBe((0, "[]", ""));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("{}", "object")]
    [InlineData("7", "number")]
    [InlineData("\"rows\"", "string")]
    [InlineData("rows", "invalid")]
    [InlineData("[{}", "array")]
    [InlineData("[{}]]", "after")]
    [InlineData("[{},]", "trailing comma")]
    public void What_is_no_array_of_rows_ends_with_1_and_says_how_to_make_one(string json, string part)
    {
        var (exit, output, error) = Run(json);

        (exit, output).ShouldBe((1, ""));
        error.ShouldContain(_file);
        error.ShouldContain(part);
        error.ShouldContain("json_agg");
        error.TrimEnd().ShouldNotContain('\n');
    }

    [Fact]
    public void Text_that_is_not_UTF_8_is_told_from_broken_JSON()
    {
        File.WriteAllText(_file, "[]", Encoding.Unicode);
        var (exit, output, error) = RunOn(_file);
        (exit, output).ShouldBe((1, ""));
        error.ShouldContain("UTF-8");

        File.WriteAllBytes(_file, [.. "[{\"record_id\":\""u8, 0xC3, 0x28, .. "\"}]"u8]);
        RunOn(_file).Error.ShouldContain("UTF-8");
    }

    [Fact]
    public void A_missing_file_ends_with_3_and_an_unreadable_one_with_1()
    {
        var (exit, output, error) = RunOn(Path.Combine(_file, "nowhere.json"));
        (exit, output).ShouldBe((3, ""));
        error.ShouldContain("nowhere.json");

        RunOn(Path.GetTempPath()).Exit.ShouldBe(1);
        RunOn("").Exit.ShouldNotBe(0);
    }

    [Fact]
    public void A_dash_reads_standard_input()
    {
        var (exit, output, error) = RunOn(
            "-",
            """[{"record_id":"m","op":"insert","data":{"title":"t"},"created_at":"2026-04-20T00:00:00Z"}]"""
        );

        (exit, error).ShouldBe((0, ""));
        Titles(output).ShouldBe(["t"]);
    }

    [Fact]
    public void Text_and_numbers_come_out_as_they_went_in()
    {
        const string Data =
            """{"title":"\ud83d\ude00 ü \u001b \"","n":12345678901234567890.12345678901234567890,"e":1.5e21}""";

        var (_, output, error) = Run(
            $$"""[{"record_id":"ü\u0000","op":"insert","data":{{Data}},"created_at":"2026-04-20T00:00:00Z"}]"""
        );

        error.ShouldBeEmpty();
        output.ShouldNotContain('\u001b');
        output.ShouldContain("12345678901234567890.12345678901234567890");
        using var records = JsonDocument.Parse(output);
        var record = records.RootElement[0].GetProperty("record");
        record.GetProperty("title").GetString().ShouldBe("😀 ü \u001b \"");
        record.GetProperty("id").GetString().ShouldBe("ü\0");
    }

    [Fact]
    public void Control_characters_that_JSON_allows_do_not_reach_the_terminal()
    {
        const string Title = "\\\\\u009b31m\u007f";

        var (_, output, _) = Run(
            $$"""
            [{"record_id":"m","op":"insert","data":{"title":"{{Title}}"},"created_at":"2026-04-20T00:00:00Z"}]
            """
        );

        output.ShouldNotContain('\u009b');
        output.ShouldNotContain('\u007f');
        Titles(output).ShouldBe(["\\\u009b31m\u007f"]);
    }

    [Fact]
    public void Of_equal_keys_the_last_counts_as_in_jsonb()
    {
        var (_, output, _) = Run(
            """
            [{"record_id":"x","record_id":"m","op":"update","data":{"title":"a","title":"b"},
              "field_timestamps":{"title":"2","title":"1"},"created_at":"2026-04-20T00:00:00Z"},
             {"record_id":"m","op":"update","data":{"title":"c"},"field_timestamps":{"title":"1"},
              "created_at":"2026-04-20T00:00:01Z"}]
            """
        );

        Titles(output).ShouldBe(["c"]);
    }

    [Theory]
    [InlineData(500, true)]
    [InlineData(999, true)]
    [InlineData(2000, false)]
    [InlineData(9000, false)]
    public void Nesting_is_folded_up_to_a_depth_and_costs_only_its_row_beyond(int depth, bool isFolded)
    {
        var nested = new string('[', depth) + new string(']', depth);

        var (exit, output, error) = Run(
            $$"""
            [{"record_id":"m","op":"insert","data":{"title":"t"},"created_at":"2026-04-20T00:00:00Z"},
             {"record_id":"m","op":"update","data":{"deep":{{nested}} },"field_timestamps":{"deep":"1"},
              "created_at":"2026-04-20T00:00:01Z"}]
            """
        );

        exit.ShouldBe(0);
        output.Contains(nested, StringComparison.Ordinal).ShouldBe(isFolded);
        output.ShouldContain("\"t\"");
        (error.Length == 0).ShouldBe(isFolded);
        error.ShouldContain(isFolded ? "" : "deeper than 1000");
    }

    [Fact]
    public void Nesting_beyond_what_any_database_holds_refuses_the_file()
    {
        var (exit, output, error) = Run(new string('[', 200_000) + new string(']', 200_000));

        (exit, output).ShouldBe((1, ""));
        error.ShouldContain("depth of 10000");
    }

    [Theory]
    [InlineData("9999-12-31T23:59:59.999999+00:00")]
    [InlineData("0001-01-01T00:00:00+00:00")]
    public void A_running_iteration_at_the_ends_of_time_does_no_harm(string createdAt)
    {
        var (exit, output, error) = Run(
            $$"""
            [{"record_id":"m","op":"insert","data":{"title":"t","iterations":[{"overallStatus":"running"}]},
              "created_at":"{{createdAt}}"}]
            """
        );

        (exit, error).ShouldBe((0, ""));
        Titles(output).ShouldBe(["t"]);
    }

    private static void ShouldBeJson(string actual, string expected) =>
        CanonicalJson.Of(actual).ShouldBe(CanonicalJson.Of(expected));

    private static string?[] Titles(string output)
    {
        using var records = JsonDocument.Parse(output);
        return
        [
            .. records
                .RootElement.EnumerateArray()
                .Select(record => record.GetProperty("record").GetProperty("title").GetString()),
        ];
    }

    private (int Exit, string Output, string Error) Run(string json)
    {
        File.WriteAllText(_file, json);
        return RunOn(_file);
    }

    private static (int Exit, string Output, string Error) RunOn(string file, string input = "")
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var root = new RootCommand
        {
            FoldCommand.Create(() => new MemoryStream(Encoding.UTF8.GetBytes(input))),
        };
        var exit = root.Parse(["fold", file])
            .Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exit, output.ToString(), error.ToString());
    }
}
