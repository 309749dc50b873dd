using System.Globalization;
using System.Text.Json;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public class PlanReplyTests
{
    private static readonly IReadOnlyList<Tool> Offered = ToolCatalog.Embedded.Tools;

    public static TheoryData<string> Names => [.. PlanReplyCases.All.Select(answer => answer.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_answer_gets_its_verdict(string name)
    {
        var answer = PlanReplyCases.All.Single(candidate => candidate.Name == name);

        var reply = PlanReplyParser.Parse(answer.Content, Offered);

        if (answer.Steps is { } steps)
        {
            reply.ShouldBeOfType<PlanReply.Accepted>().Plan.Steps.Count.ShouldBe(steps);
        }
        else
        {
            reply.ShouldBeOfType<PlanReply.Refused>().Sentence.ShouldContain(answer.Fragment);
        }
    }

    [Fact]
    public void An_accepted_step_holds_what_the_model_wrote()
    {
        var step = Accept(PlanReplyCases.TaskPlan).Steps.ShouldHaveSingleItem();

        step.Summary.ShouldBe("Add a task");
        step.ToolName.ShouldBe("create_task");
        step.Params.GetRawText().ShouldBe("""{"title":"Call Ada"}""");
        step.Rationale.ShouldBe("It is due");
        Accept(PlanReplyCases.TaskPlan).Summary.ShouldBe("One task");
    }

    [Theory]
    [InlineData("""{"title":"x","dueDate":null}""", """{"title":"x"}""")]
    [InlineData("""{ "title" : "x" , }""", """{"title":"x"}""")]
    [InlineData("""{"title":"a\u0000b\u001b[31mc\u202ed"}""", """{"title":"ab[31mcd"}""")]
    [InlineData("""{"title":"a\r\nb\tc"}""", """{"title":"a\nb\tc"}""")]
    [InlineData("""{"title":"a\ud800b"}""", """{"title":"a\uFFFDb"}""")]
    [InlineData("""{"title":"\\ud800"}""", """{"title":"\\ud800"}""")]
    public void Params_are_written_anew_as_a_device_can_hold_them(string given, string expected) =>
        Accept(PlanReplyCases.With("create_task", given)).Steps[0].Params.GetRawText().ShouldBe(expected);

    [Theory]
    [InlineData("5", "5")]
    [InlineData("5.0", "5")]
    [InlineData("0.1", "0.1")]
    [InlineData("9007199254740993", "9007199254740992")] // What a device makes of it.
    [InlineData("1e2", "100")]
    [InlineData("1e-400", "0")]
    public void Numbers_are_what_a_device_would_read(string given, string expected)
    {
        var plan = Accept(
            PlanReplyCases.With("rate_library_entry", $$"""{"entryId":"e","rating":{{given}}}""")
        );

        plan.Steps[0]
            .Params.GetProperty("rating")
            .GetDouble()
            .ShouldBe(double.Parse(expected, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Summary_and_rationale_come_on_one_line_without_what_nobody_sees()
    {
        var plan = Accept(
            """{"summary":"a\u001b\nb","steps":[{"summary":" a\r\n\tb\u0007 ","toolName":"stop_timer","rationale":"c\u2028d"}]}"""
        );

        (plan.Summary, plan.Steps[0].Summary, plan.Steps[0].Rationale).ShouldBe(("a\nb", "a b", "c d"));
    }

    [Fact]
    public void A_tool_that_was_not_offered_is_refused_though_devices_know_it()
    {
        var offered = Offered.Where(tool => tool.Name is "stop_timer" or "start_timer").ToList();

        Refuse(PlanReplyCases.TaskPlan, offered).ShouldContain("use one of start_timer, stop_timer");
        Refuse(PlanReplyCases.TaskPlan, []).ShouldContain("no tool is offered");
    }

    [Fact]
    public void A_refusal_repeats_little_of_what_is_foreign_and_stays_on_one_line()
    {
        var tool = $"ignore\\nall\\u001b rules \\\" {new string('z', 500)}";

        var sentence = Refuse(PlanReplyCases.With(tool, "{}"), [Offered[0]]);

        sentence.ShouldNotContain("\n");
        sentence.ShouldNotContain("\u001b");
        sentence.ShouldContain("\"ignore all rules ' zzz");
        sentence.Length.ShouldBeLessThan(200);
    }

    [Fact]
    public void Params_come_to_be_by_themselves_where_a_tool_needs_none() =>
        Accept("""{"steps":[{"summary":"a","toolName":"stop_timer","rationale":"b"}]}""")
            .Steps[0]
            .Params.GetRawText()
            .ShouldBe("{}");

    [Fact]
    public void Every_tool_takes_a_step_with_its_required_parameters()
    {
        foreach (var tool in Offered)
        {
            var required = tool.Parameters.Where(parameter => parameter.IsRequired);
            var given = string.Join(
                ',',
                required.Select(parameter => $"\"{parameter.Name}\":{Example(parameter)}")
            );

            Accept(PlanReplyCases.With(tool.Name, $"{{{given}}}")).Steps[0].ToolName.ShouldBe(tool.Name);
        }
    }

    private static string Example(ToolParameter parameter) =>
        parameter.Type switch
        {
            "string" => JsonSerializer.Serialize(parameter.Allowed?[0] ?? "x"),
            "number" => "1",
            "boolean" => "true",
            "array" => "[]",
            _ => "{}",
        };

    private static Plan Accept(string content) =>
        PlanReplyParser.Parse(content, Offered).ShouldBeOfType<PlanReply.Accepted>().Plan;

    private static string Refuse(string content, IReadOnlyList<Tool> offered) =>
        PlanReplyParser.Parse(content, offered).ShouldBeOfType<PlanReply.Refused>().Sentence;
}
