using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using static ManaAi.Tests.Planning.DialogueAnswers;

namespace ManaAi.Tests.Planning;

/// <summary>What a conversation with calls comes to, whatever the model says in it.</summary>
public sealed class ToolsDialogueTests
{
    private const string NoSummary = "needs a \"_summary\"";

    private static readonly string[] _reasons = [NoSummary, "cut off", "was empty"];

    private static readonly ToolCall _whole = Good("a");
    private static readonly ToolCall _half = Call("create_task", Arguments("b")[..20]);

    // A mark for what each answer leads to, `?` more is asked, `!` the end; and what the end is.
    private static readonly Dictionary<string, (KeptAnswer[] Answers, string End)> _cases = new()
    {
        ["words at once are an empty plan"] = ([Words("All is well.")], "! empty: All is well."),
        ["thinking aloud is not said to the user"] = (
            [Words("<think>Hm. {</think>\nAll is well.")],
            "! empty: All is well."
        ),
        ["calls are steps in their order, and the closing words the summary"] = (
            [Calls(Good("a"), Good("b")), Calls(Good("c")), Words("Three tasks.")],
            "??! Add a, Add b, Add c: Three tasks."
        ),
        ["without closing words the steps sum themselves up"] = (
            [Calls(Good("a"), Good("b")), Words(" \u200b")],
            "?! Add a, Add b: Add a/Add b"
        ),
        ["closing words that are cut off say so"] = (
            [Calls(Good("a")), Words("One task, and", "length")],
            "?! Add a: One task, and…"
        ),
        ["a bad call is answered and may be made good"] = (
            [Calls(Bad()), Calls(Good("a")), Words("Done.")],
            "??! Add a: Done."
        ),
        ["bad calls that are not in a row go on"] = (
            [Calls(Bad(), Good("a"), Bad()), Calls(Good("b"), Bad()), Words("Done.")],
            "??! Add a, Add b: Done."
        ),
        ["two bad calls in a row end it with what is recorded"] = (
            [Calls(Good("a"), Bad(), Bad(), Good("b"))],
            "! Add a: Add a"
        ),
        ["in a row is counted over the answers"] = (
            [Calls(Good("a"), Bad()), Calls(Bad(), Good("b"))],
            "?! Add a: Add a"
        ),
        ["two bad calls and nothing else are no plan"] = ([Calls(Bad(), Bad())], $"! unusable: {NoSummary}"),
        ["after five rounds what is recorded is the plan"] = (
            [Calls(Good("a")), Calls(Good("b")), Calls(Bad()), Calls(Good("c")), Calls(Good("d"))],
            "????! Add a, Add b, Add c, Add d: Add a/Add b/Add c/Add d"
        ),
        ["a sixth step is refused and the five stay"] = (
            [
                Calls(Good("a"), Good("b"), Good("c"), Good("d"), Good("e"), Good("f")),
                Words("Five are enough."),
            ],
            "?! Add a, Add b, Add c, Add d, Add e: Five are enough."
        ),
        ["the whole calls of an answer that was cut off count"] = (
            [Calls("length", _whole, _half), Words("One.")],
            "?! Add a: One."
        ),
        ["a call that is whole counts though the answer was cut off after it"] = (
            [Calls("length", _whole), Words("One.")],
            "?! Add a: One."
        ),
        ["the cut call is a bad one"] = (
            [Calls("length", _half), Calls("length", _half)],
            "?! unusable: cut off"
        ),
        ["an empty answer is asked for once more"] = ([Words(null), Words("Nothing.")], "?! empty: Nothing."),
        ["and after it calls count"] = ([Words(""), Calls(Good("a")), Words("One.")], "??! Add a: One."),
        ["an empty answer twice is no plan"] = ([Words(null), Words("  ")], "?! unusable: was empty"),
        ["an answer that only thought is empty"] = (
            [Words("<think>Hm"), Words("<think>Hm</think> ")],
            "?! unusable: was empty"
        ),
        ["an answer that was cut off before any call is asked for once more"] = (
            [Words("Let me see: first", "length"), Words("And then", "length")],
            "?! unusable: cut off"
        ),
        ["words after nothing but a bad call are asked about, and then believed"] = (
            [Calls(Bad()), Words("I have added a task."), Words("Nothing is to be done.")],
            "??! empty: Nothing is to be done."
        ),
        ["words after nothing but a bad call, and then a bad call"] = (
            [Calls(Bad()), Words("I have added a task."), Calls(Bad())],
            $"??! unusable: {NoSummary}"
        ),
        ["a refusal is told at once"] = (
            [new KeptAnswer(null, "stop", "I will not.") { Mode = PlanMode.Tools }],
            "! refused"
        ),
        ["a content filter is told at once, whatever was recorded"] = (
            [Calls(Good("a")), Words("…", "content_filter")],
            "?! refused"
        ),
        ["nothing is recorded of an answer that the filter stopped"] = (
            [Calls("content_filter", Good("a"))],
            "! refused"
        ),
    };

    public static TheoryData<string> Cases => [.. _cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_conversation_ends_as_it_should(string name)
    {
        var (answers, end) = _cases[name];
        var dialogue = Tools();

        var turns = answers.Select(dialogue.Take).ToList();

        var marks = string.Concat(turns.Select(turn => turn is DialogueTurn.Final ? '!' : '?'));
        var said = Tell(turns[^1].ShouldBeOfType<DialogueTurn.Final>().Verdict);
        $"{marks} {said}".ShouldBe(end);
    }

    [Theory]
    [InlineData("create_task", "so be it", "one JSON object")]
    [InlineData("create_task", "{\"_summary\":", "not valid JSON")]
    [InlineData("create_task", Wrong, NoSummary)]
    [InlineData("create_task", """{"_summary":"a","_rationale":"b","title":7}""", "has to be a string")]
    [InlineData("make_coffee", Wrong, "\"make_coffee\", which is not offered; use one of create_task")]
    [InlineData("list_tasks", Wrong, "not offered")]
    [InlineData("start_timer", Wrong, "not offered")]
    public void A_bad_call_is_answered_with_what_is_wrong(string name, string arguments, string fragment)
    {
        var dialogue = Tools([.. ToolCatalog.Embedded.Tools.Where(tool => tool.Name != "start_timer")]);

        var turn = dialogue.Take(Calls(Call(name, arguments, "x"), Good("a", "y")));

        turn.ShouldBeOfType<DialogueTurn.Ask>().RefusedCalls.ShouldHaveSingleItem().Name.ShouldBe(name);
        turn.Reason.ShouldBeNull("a part of a plan is no unusable plan");
        var said = Said(dialogue);
        said[^2].ShouldStartWith("tool x: ");
        said[^2].ShouldContain(fragment);
        said[^1].ShouldBe("tool y: recorded");
    }

    [Fact]
    public void What_the_model_said_is_said_back_with_an_answer_to_each_call()
    {
        var dialogue = Tools();
        var before = dialogue.Messages.Count;

        dialogue.Take(Calls(Good("a", "x"), Bad("y")) with { Content = "<think>Hm</think>I add a task." });

        var said = Said(dialogue).Skip(before).ToList();
        said.Count.ShouldBe(3);
        said[0].ShouldBe($"assistant: I add a task.[x create_task {Arguments("a")}][y create_task {{}}]");
        said[1].ShouldBe("tool x: recorded");
        said[2].ShouldStartWith("tool y: The call of create_task needs");
    }

    [Fact]
    public void Ids_that_come_twice_are_told_apart_over_the_whole_conversation()
    {
        var dialogue = Tools();

        dialogue.Take(Calls(Good("a", "call_0"), Good("b", "call_0")));
        dialogue.Take(Calls(Good("c", "call_0"), Good("d", ""), Good("e", "call_0_2")));

        var calls = dialogue
            .Messages.SelectMany(message => message.ToolCalls)
            .Select(call => call.Id)
            .ToList();
        calls.ShouldBe(["call_0", "call_0_2", "call_0_3", "call", "call_0_2_2"]);
        dialogue.Messages.Select(message => message.ToolCallId).OfType<string>().ShouldBe(calls);
    }

    [Fact]
    public void A_long_call_that_is_refused_is_not_paid_for_twice()
    {
        var dialogue = Tools();

        dialogue.Take(Calls(Call("create_task", $$"""{"note":"{{new string('x', 5_000)}}"}"""), Good("a")));

        var calls = dialogue.Messages.Single(message => message.ToolCalls.Count > 0).ToolCalls;
        calls.Select(call => call.Arguments).ShouldBe(["{}", Arguments("a")]);
    }

    [Fact]
    public void What_is_asked_once_more_is_asked_with_the_exact_reason()
    {
        var dialogue = Tools();

        var turn = dialogue.Take(Words(null));

        var reason = turn.ShouldBeOfType<DialogueTurn.Ask>().Reason.ShouldNotBeNull();
        Said(dialogue)[^1].ShouldStartWith($"user: Your answer could not be used. {reason}");
    }

    [Fact]
    public void The_request_offers_the_tools_as_functions_and_asks_for_no_form()
    {
        var offered = ToolCatalog.Embedded.Tools.Take(3).ToList();

        var request = Tools(offered).Request("model", 0.5, isStructured: true);

        (request.Model, request.Temperature, request.Format).ShouldBe(("model", 0.5, ResponseFormat.Plain));
        request
            .Functions!.Select(function => function.GetProperty("function").GetProperty("name").GetString())
            .ShouldBe(offered.Select(tool => tool.Name));
        request.ResponseSchema.ShouldBeNull();
    }

    [Fact]
    public void A_note_goes_with_the_next_request_and_changes_nothing_else()
    {
        var dialogue = Tools();
        dialogue.Take(Calls(Good("a")));

        dialogue.AddNote("Three quarters of\nthe budget are used.");

        Said(dialogue)[^1].ShouldBe("user: Note: Three quarters of the budget are used.");
        dialogue.Request("m", 0, isStructured: false).Messages[^1].ShouldBe(dialogue.Messages[^1]);
        dialogue.Take(Calls(Good("b"))).ShouldBeOfType<DialogueTurn.Ask>();
        Tell(dialogue.Take(Words("Two.")).ShouldBeOfType<DialogueTurn.Final>().Verdict)
            .ShouldBe("Add a, Add b: Two.");
    }

    [Fact]
    public void It_can_be_ended_with_what_is_recorded()
    {
        var otherwise = new Verdict.Skipped("budget", "spent");
        var dialogue = Tools();
        dialogue.EndNow(otherwise).ShouldBe(otherwise);
        dialogue.Take(Calls(Bad()));
        dialogue.EndNow(otherwise).ShouldBe(otherwise);

        dialogue.Take(Calls(Good("a")));

        Tell(dialogue.EndNow(otherwise)).ShouldBe("Add a: Add a");
    }

    [Fact]
    public void The_same_answers_lead_to_the_same_messages()
    {
        KeptAnswer[] answers = [Calls(Good("a", "x"), Bad("x")), Calls(Good("b", "x"))];
        var (one, other) = (Tools(), Tools());
        foreach (var answer in answers)
        {
            one.Take(answer);
            other.Take(KeptAnswer.ReadAll(System.Text.Encoding.UTF8.GetBytes($"[{answer.ToJson()}]"))[0]);
        }

        Said(other).ShouldBe(Said(one));
    }

    private static string Tell(Verdict verdict) =>
        verdict switch
        {
            Verdict.Planned { Plan: { Steps.Count: 0 } plan } => $"empty: {plan.Summary}",
            Verdict.Planned { Plan: var plan } =>
                $"{string.Join(", ", plan.Steps.Select(step => step.Summary))}: {plan.Summary?.Replace('\n', '/')}",
            Verdict.Failed { Reason: FailReason.UnusablePlan } failed =>
                $"unusable: {_reasons.Single(reason => failed.Detail.Contains(reason, StringComparison.Ordinal))}",
            Verdict.Failed failed => failed.Reason.Word(),
            _ => verdict.Word,
        };
}
