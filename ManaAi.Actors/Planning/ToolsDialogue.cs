using System.Globalization;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>
/// Native function calling: each call that fits is recorded as a step and answered with "recorded", any other with what
/// is wrong, until the model answers without a call.
/// </summary>
public sealed class ToolsDialogue(PromptInput input) : PlanDialogue(input)
{
    /// <summary>Answers of one plan: five steps one by one, or fewer with their corrections; a loop never ends by itself.</summary>
    public const int RoundsMax = 5;

    // A model that was told what is wrong and errs again will go on to err.
    private const int RefusedInRowMax = 2;

    private readonly List<PlannedStep> _steps = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private int _rounds;
    private int _refusedInRow;
    private bool _wasAskedAgain;
    private string? _refusal;

    public override PlanMode Mode => PlanMode.Tools;

    public override bool GoesOnLater => _rounds > 0;

    public override LlmRequest Request(string model, double temperature, bool isStructured) =>
        new(
            model,
            temperature,
            Messages,
            ResponseFormat.Plain,
            [.. Offered.Select(tool => ToolSchema.FunctionOf(tool))]
        );

    public override DialogueTurn Take(KeptAnswer answer)
    {
        _rounds++;
        if (IsRefusal(answer))
        {
            return new DialogueTurn.Final(Verdicts.Refused(answer.FinishReason));
        }

        return answer.ToolCalls.Count > 0 ? TakeCalls(answer) : TakeWords(answer);
    }

    public override Verdict EndNow(Verdict otherwise) => _steps.Count > 0 ? Planned(null) : otherwise;

    private DialogueTurn TakeCalls(KeptAnswer answer)
    {
        var (calls, replies, refused) = (new List<ToolCall>(), new List<ChatMessage>(), new List<ToolCall>());
        for (var at = 0; at < answer.ToolCalls.Count && _refusedInRow < RefusedInRowMax; at++)
        {
            // A limit cuts off the end of an answer: what stands before its last call is whole.
            var (call, isLast) = (answer.ToolCalls[at], at == answer.ToolCalls.Count - 1);
            var sentence = Record(call, isCutOff: isLast && IsCutOff(answer));
            if (sentence is not null)
            {
                refused.Add(call);
            }

            calls.Add(call with { Id = UniqueId(call.Id), Arguments = Repeatable(call, sentence) });
            replies.Add(ReplyTo(calls[^1], sentence ?? PromptTexts.Recorded));
        }

        if (_refusedInRow >= RefusedInRowMax || _rounds >= RoundsMax)
        {
            return End(refused);
        }

        Say([new("assistant", Repeatable(answer)) { ToolCalls = calls }, .. replies]);
        return new DialogueTurn.Ask { RefusedCalls = refused };
    }

    private static ChatMessage ReplyTo(ToolCall call, string sentence) =>
        new("tool", ForeignText.Line(sentence, PromptLimits.SentenceCharsMax)) { ToolCallId = call.Id };

    /// <returns>What is wrong with the call; null where it is recorded.</returns>
    private string? Record(ToolCall call, bool isCutOff)
    {
        var reply =
            _steps.Count < Plan.StepsMax
                ? PlanReplyParser.CheckCall(call, Offered)
                : new CallReply.Refused(PromptTexts.PlanIsFull);
        if (reply is CallReply.Accepted accepted)
        {
            _steps.Add(accepted.Step);
            _refusedInRow = 0;
            return null;
        }

        _refusedInRow++;
        _refusal = isCutOff ? PromptTexts.CallCutOff : ((CallReply.Refused)reply).Sentence;
        return _refusal;
    }

    private DialogueTurn TakeWords(KeptAnswer answer)
    {
        var words = Words(answer);
        if (_steps.Count > 0)
        {
            return new DialogueTurn.Final(Planned(ClosingWords(words, IsCutOff(answer))));
        }

        if (FaultOf(answer, words) is not { } fault)
        {
            return new DialogueTurn.Final(Planned(words));
        }

        if (_wasAskedAgain || _rounds >= RoundsMax)
        {
            return Unusable(fault);
        }

        _wasAskedAgain = true;
        SayAgain(words, fault);
        return new DialogueTurn.Ask { Reason = fault };
    }

    private static string? ClosingWords(string? words, bool isCutOff)
    {
        if (words is null || PromptEcho.IsIn(words))
        {
            return null;
        }

        return isCutOff ? words + "…" : words;
    }

    /// <summary>Why an answer without a call is no empty plan; null where it is one.</summary>
    private string? FaultOf(KeptAnswer answer, string? words)
    {
        if (IsCutOff(answer))
        {
            return "The answer was cut off before it came to a call; call the tools at once and with short texts.";
        }

        if (words is null)
        {
            return "The answer was empty; call a tool for each step, or say in a sentence that nothing is to be done.";
        }

        if (PromptEcho.IsIn(words))
        {
            return PromptEcho.Sentence;
        }

        // It tried and may believe that it succeeded. Where it says the same when asked, it is taken by its word.
        return _refusal is { } refusal && !_wasAskedAgain
            ? $"No step is recorded, since the call was wrong: {refusal} Call again, or say in a sentence that nothing is to be done."
            : null;
    }

    private DialogueTurn.Final End(List<ToolCall> refused) =>
        (_steps.Count > 0 ? new(Planned(null)) : Unusable(_refusal!)) with
        {
            RefusedCalls = refused,
        };

    private static DialogueTurn.Final Unusable(string reason) =>
        new(Verdicts.UnusablePlan(reason)) { Reason = reason };

    /// <summary>Without closing words the steps say in their own what is planned, in the user's language.</summary>
    private Verdict.Planned Planned(string? words) =>
        new(
            new Plan(
                words ?? PlanReplyParser.SummaryOf(string.Join('\n', _steps.Select(step => step.Summary))),
                [.. _steps]
            )
        );

    /// <summary>What a model says to the user, its thinking aloud left out; null where that is nothing.</summary>
    private static string? Words(KeptAnswer answer) =>
        answer.Content is { } text && PlanJson.SkipThinking(text) is { } from
            ? PlanReplyParser.SummaryOf(text[from..])
            : null;

    private static string? Repeatable(KeptAnswer answer) =>
        Words(answer) is { } words
            ? FencedText.Bend(ForeignText.Clip(words, PromptLimits.RefusedAnswerCharsMax))
            : null;

    // What was refused is not paid for twice; half of it would be no JSON, which servers refuse.
    private static string Repeatable(ToolCall call, string? sentence) =>
        sentence is not null && call.Arguments.Length > PromptLimits.RefusedAnswerCharsMax
            ? "{}"
            : call.Arguments;

    // Servers count their ids anew in each answer; two calls of one conversation with one id could not be told apart.
    private string UniqueId(string id)
    {
        var plain = string.IsNullOrWhiteSpace(id) ? "call" : id;
        var (unique, copy) = (plain, 1);
        while (!_ids.Add(unique))
        {
            copy++;
            unique = string.Create(CultureInfo.InvariantCulture, $"{plain}_{copy}");
        }

        return unique;
    }
}
