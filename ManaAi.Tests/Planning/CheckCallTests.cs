using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public class CheckCallTests
{
    private static readonly IReadOnlyList<Tool> Offered = ToolCatalog.Embedded.Tools;

    [Fact]
    public void A_sound_call_becomes_a_step_whose_params_are_the_devices_own()
    {
        var step = Check(
                "create_task",
                """{"_summary":"Add","_rationale":"Due","title":"Call Ada","dueDate":null}"""
            )
            .ShouldBeOfType<CallReply.Accepted>()
            .Step;

        (step.Summary, step.ToolName, step.Rationale).ShouldBe(("Add", "create_task", "Due"));
        step.Params.GetRawText().ShouldBe("""{"title":"Call Ada"}""");
    }

    [Theory]
    [InlineData("nope", "{}", "\"nope\", which is not offered; use one of create_task")]
    [InlineData("list_tasks", "{}", "not offered")]
    [InlineData("stop_timer", "", "one JSON object")]
    [InlineData("stop_timer", null, "one JSON object")]
    [InlineData("stop_timer", "null", "one JSON object")]
    [InlineData("stop_timer", "[]", "one JSON object")]
    [InlineData("stop_timer", "stop it", "one JSON object")]
    [InlineData("stop_timer", "{", "not valid JSON")]
    [InlineData("stop_timer", "{} and more", "not valid JSON")]
    [InlineData("stop_timer", "{}{}", "not valid JSON")]
    [InlineData("stop_timer", "{}", "The call of stop_timer needs a \"_summary\"")]
    [InlineData("stop_timer", """{"_summary":"a"}""", "\"_rationale\"")]
    [InlineData("stop_timer", """{"_summary":"a","_rationale":"  "}""", "\"_rationale\"")]
    [InlineData("stop_timer", """{"_summary":1,"_rationale":"b"}""", "\"_summary\"")]
    [InlineData("stop_timer", """{"_summary":"a","_summary":"b","_rationale":"c"}""", "twice")]
    [InlineData("stop_timer", """{"_summary":"a","_rationale":"b","x":1}""", "no parameters at all")]
    [InlineData("create_task", """{"_summary":"a","_rationale":"b"}""", "\"title\"")]
    [InlineData("create_task", """{"_summary":"a","_rationale":"b","title":7}""", "a string")]
    [InlineData("create_task", """{"_summary":"a","_rationale":"b","title":"t","priority":"x"}""", "\"low\"")]
    public void A_call_that_is_wrong_is_answered_with_what_is_wrong(
        string tool,
        string? arguments,
        string fragment
    ) => Check(tool, arguments!).ShouldBeOfType<CallReply.Refused>().Sentence.ShouldContain(fragment);

    /// <summary>Cyrillic, HTML and emoji have some six times as many characters where JSON is escaped for anyone.</summary>
    [Theory]
    [InlineData("ж", 32_000, true)]
    [InlineData("<p>&amp;</p>", 2_600, true)]
    [InlineData("😀", 16_000, true)]
    [InlineData("ж", 33_000, false)]
    public void Params_are_as_long_as_the_model_wrote_them(string text, int times, bool isAccepted)
    {
        var content = string.Concat(Enumerable.Repeat(text, times));

        var reply = Check(
            "create_note",
            $$"""{"_summary":"a","_rationale":"b","title":"t","content":"{{content}}"}"""
        );

        (reply is CallReply.Accepted).ShouldBe(isAccepted, (reply as CallReply.Refused)?.Sentence);
    }

    [Fact]
    public void Arguments_without_end_are_refused_before_they_are_read() =>
        Check("stop_timer", "{" + new string(' ', 300_000) + "}")
            .ShouldBeOfType<CallReply.Refused>()
            .Sentence.ShouldContain("characters");

    [Theory]
    [InlineData(null, null)]
    [InlineData(" \u200b\n", null)]
    [InlineData("  All is\nwell \u001b", "All is\nwell")]
    public void Closing_words_become_the_summary(string? text, string? expected) =>
        PlanReplyParser.SummaryOf(text).ShouldBe(expected);

    private static CallReply Check(string tool, string arguments) =>
        PlanReplyParser.CheckCall(new("call-1", tool, arguments), Offered);
}
