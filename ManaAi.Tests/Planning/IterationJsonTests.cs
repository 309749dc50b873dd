using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public class IterationJsonTests
{
    private static readonly Guid Id = new("5E0C2F4A-7B1D-5C3E-9A8B-0123456789AB");
    private static readonly IterationTimes Times = new(
        "2026-04-01T08:00:00.000Z",
        "2026-04-01T08:00:07.250Z"
    );
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public void A_plan_with_steps_awaits_review()
    {
        PlannedStep[] steps =
        [
            new("Add a task", "create_task", JsonElement.Parse("""{"title":"Call Ada"}"""), "It is due"),
            new("Stop the clock", "stop_timer", JsonElement.Parse("{}"), "The day is over"),
        ];

        Text(IterationJson.Write(Id, new Plan("Two steps", steps), Times))
            .ShouldBe(
                """{"id":"5e0c2f4a-7b1d-5c3e-9a8b-0123456789ab","startedAt":"2026-04-01T08:00:00.000Z","finishedAt":"2026-04-01T08:00:07.250Z","plan":["""
                    + """{"id":"5e0c2f4a-7b1d-5c3e-9a8b-0123456789ab-0","summary":"Add a task — It is due","intent":{"kind":"toolCall","toolName":"create_task","params":{"title":"Call Ada"}},"status":"planned"},"""
                    + """{"id":"5e0c2f4a-7b1d-5c3e-9a8b-0123456789ab-1","summary":"Stop the clock — The day is over","intent":{"kind":"toolCall","toolName":"stop_timer","params":{}},"status":"planned"}],"""
                    + "\"summary\":\"Two steps\",\"overallStatus\":\"awaiting-review\",\"source\":\"server\"}"
            );
    }

    [Fact]
    public void Steps_without_a_summary_above_them_leave_it_out()
    {
        var plan = new Plan(null, [new("a", "stop_timer", JsonElement.Parse("{}"), "b")]);

        JsonElement
            .Parse(IterationJson.Write(Id, plan, Times))
            .TryGetProperty("summary", out _)
            .ShouldBeFalse();
    }

    [Theory]
    [InlineData(null, "Nothing needs to be done for this mission right now.")]
    [InlineData("Alles gut", "Alles gut")]
    public void An_empty_plan_is_approved_and_says_so_in_words(string? given, string expected) =>
        Text(IterationJson.Write(Id, new Plan(given, []), Times))
            .ShouldEndWith(
                $$"""plan":[],"summary":"{{expected}}","overallStatus":"approved","source":"server"}"""
            );

    [Fact]
    public void A_failure_tells_the_user_in_a_sentence_and_the_operator_in_details()
    {
        var failure = new IterationFailure(
            "timeout",
            "no byte for 20 s\u001b",
            "calling-llm",
            "The model was too slow."
        );

        Text(IterationJson.Write(Id, failure, Times))
            .ShouldEndWith(
                """plan":[],"summary":"The model was too slow.","overallStatus":"failed","errorDetails":{"name":"timeout","message":"no byte for 20 s","phase":"calling-llm"},"source":"server"}"""
            );
    }

    [Fact]
    public void A_failure_without_words_for_the_user_gets_some()
    {
        var root = JsonElement.Parse(IterationJson.Write(Id, new IterationFailure("timeout", "late"), Times));

        root.GetProperty("summary").GetString()!.ShouldStartWith("This time no plan could be made.");
        root.GetProperty("errorDetails").GetRawText().ShouldBe("""{"name":"timeout","message":"late"}""");
    }

    // As a person reads it: the bytes may hold the same characters as escapes.
    private static string Text(byte[] json) =>
        JsonSerializer.Serialize(JsonElement.Parse(Encoding.UTF8.GetString(json)), Readable);
}
