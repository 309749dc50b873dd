using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;

namespace ManaAi.Tests.Planning;

/// <summary>An answer, and one repeat with the reason.</summary>
public sealed class JsonDialogueTests
{
    private const string Empty = """{"summary":"All is well.","steps":[]}""";

    private readonly JsonDialogue _dialogue = new(DialogueAnswers.Input(PlanMode.Json));

    [Fact]
    public void A_plan_ends_it()
    {
        var verdict = Take(Empty).ShouldBeOfType<DialogueTurn.Final>().Verdict;

        verdict.ShouldBeOfType<Verdict.Planned>().Plan.Summary.ShouldBe("All is well.");
    }

    [Theory]
    [InlineData("Gladly!", "stop", "no JSON object")]
    [InlineData(Empty, "length", "cut off")]
    [InlineData(null, "stop", "empty")]
    public void What_is_no_plan_is_asked_for_once_more_and_then_told(
        string? content,
        string finish,
        string why
    )
    {
        var turn = Take(content, finish).ShouldBeOfType<DialogueTurn.Ask>();
        turn.Reason.ShouldNotBeNull().ShouldContain(why);
        _dialogue.Messages[^1].Content.ShouldNotBeNull().ShouldContain(turn.Reason);

        var end = Take(content, finish).ShouldBeOfType<DialogueTurn.Final>();

        end.Reason.ShouldBe(turn.Reason);
        end.Verdict.ShouldBeOfType<Verdict.Failed>().Reason.ShouldBe(FailReason.UnusablePlan);
    }

    [Fact]
    public void A_refusal_is_told_at_once() =>
        Take(Empty, "content_filter")
            .ShouldBeOfType<DialogueTurn.Final>()
            .Verdict.ShouldBeOfType<Verdict.Failed>()
            .Reason.ShouldBe(FailReason.Refused);

    [Theory]
    [InlineData(true, ResponseFormat.JsonSchema)]
    [InlineData(false, ResponseFormat.Plain)]
    public void A_schema_goes_along_where_the_model_takes_one(bool isStructured, ResponseFormat format)
    {
        var request = _dialogue.Request("model", 0.5, isStructured);

        (request.Format, request.ResponseSchema is not null, request.Functions).ShouldBe(
            (format, isStructured, null)
        );
    }

    [Fact]
    public void There_is_never_a_part_of_a_plan()
    {
        var otherwise = new Verdict.Skipped("budget", "spent");
        Take("Gladly!");

        _dialogue.EndNow(otherwise).ShouldBe(otherwise);
        _dialogue.GoesOnLater.ShouldBeFalse();
    }

    private DialogueTurn Take(string? content, string finish = "stop") =>
        _dialogue.Take(new KeptAnswer(content, finish, null));
}
