using System.Text;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>What the ledger holds of an answer is what a dialogue needs to go on.</summary>
public sealed class KeptAnswerTests
{
    [Fact]
    public void Nothing_of_an_answer_is_lost()
    {
        var answer = new LlmAnswer(
            "Zwei Dinge.\u2028\u200b",
            [new("id", "create_task", """{"title":"a\u2028b"}""")],
            "tool_calls",
            LlmUsage.None,
            "no"
        );

        var kept = Read(KeptAnswer.Of(answer, PlanMode.Tools).ToJson());

        (kept.Content, kept.FinishReason, kept.Refusal, kept.Mode).ShouldBe(
            (answer.Content, "tool_calls", "no", PlanMode.Tools)
        );
        kept.ToolCalls.ShouldBe(answer.ToolCalls);
    }

    [Fact]
    public void What_jsonb_cannot_hold_is_replaced_wherever_it_stands()
    {
        const string foul = "a\0b\ud800c";
        const string clean = "a\ufffdb\ufffdc";

        var kept = KeptAnswer.Of(
            new(foul, [new(foul, foul, foul)], foul, LlmUsage.None, foul),
            PlanMode.Json
        );

        (kept.Content, kept.FinishReason, kept.Refusal).ShouldBe((clean, clean, clean));
        kept.ToolCalls.ShouldBe([new ToolCall(clean, clean, clean)]);
    }

    [Fact]
    public void An_answer_that_was_kept_before_there_were_modes_is_one_in_JSON()
    {
        var kept = Read("""{"content":"{}","finishReason":"stop","refusal":null}""");

        (kept.Content, kept.Mode, kept.ToolCalls.Count).ShouldBe(("{}", PlanMode.Json, 0));
    }

    private static KeptAnswer Read(string json) =>
        KeptAnswer.ReadAll(Encoding.UTF8.GetBytes($"[{json}]")).ShouldHaveSingleItem();
}
