using System.Text;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public class PromptEchoTests
{
    private static readonly string[] Told =
    [
        PromptTexts.Job,
        PromptTexts.Rules,
        PromptTexts.Data,
        PromptTexts.JsonForm,
        PromptTexts.ToolsForm,
        PromptTexts.Agent,
    ];

    [Fact]
    public void Sixty_characters_of_the_rules_are_found_wherever_they_begin_and_however_they_are_written()
    {
        foreach (var text in Told)
        {
            for (var from = 0; from + 130 < text.Length; from += 7)
            {
                var part = text.Substring(from, 130); // Of which spaces and signs are left out.
                var bytes = Encoding.UTF8.GetBytes(part);
                PromptEcho.IsIn($"It was: {part}").ShouldBeTrue(part);
                PromptEcho.IsIn(part.ToUpperInvariant().Replace(' ', '_')).ShouldBeTrue(part);
                PromptEcho.IsIn(string.Concat(part.Reverse())).ShouldBeTrue(part);
                PromptEcho.IsIn(Convert.ToBase64String(bytes)).ShouldBeTrue(part);
                PromptEcho.IsIn(Convert.ToHexStringLower(bytes)).ShouldBeTrue(part);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("Nothing is to be done this week: all five books are read, and the sixth comes on Friday.")]
    [InlineData("Propose the next few steps, each of them useful now: fewer and better is right.")]
    [InlineData("Nach den Regeln des Vereins soll jeder Schritt vom Vorstand genehmigt werden.")]
    public void What_a_plan_says_by_itself_is_none(string text) => PromptEcho.IsIn(text).ShouldBeFalse();

    [Theory]
    [MemberData(nameof(Places))]
    public void A_plan_that_repeats_them_anywhere_is_refused(string answer)
    {
        var reply = PlanReplyParser.Parse(answer, ToolCatalog.Embedded.Tools);

        reply.ShouldBeOfType<PlanReply.Refused>().Sentence.ShouldBe(PromptEcho.Sentence);
    }

    public static TheoryData<string> Places
    {
        get
        {
            var echo = System.Text.Json.JsonSerializer.Serialize(PromptTexts.Job);
            return
            [
                $$"""{"summary":{{echo}},"steps":[]}""",
                $$"""{"summary":"a","steps":[{"summary":{{echo}},"toolName":"create_task","params":{"title":"x"},"rationale":"b"}]}""",
                $$"""{"summary":"a","steps":[{"summary":"b","toolName":"create_task","params":{"title":"x"},"rationale":{{echo}}}]}""",
                $$"""{"summary":"a","steps":[{"summary":"b","toolName":"create_task","params":{"title":{{echo}}},"rationale":"c"}]}""",
            ];
        }
    }
}
