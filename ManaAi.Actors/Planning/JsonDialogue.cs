using System.Diagnostics;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>One answer that is a JSON object, and once more with the exact reason where it was no plan.</summary>
public sealed class JsonDialogue(PromptInput input) : PlanDialogue(input)
{
    /// <summary>An answer, and one repeat.</summary>
    public const int AnswersMax = 2;

    private int _answers;

    public override PlanMode Mode => PlanMode.Json;

    /// <summary>An answer that was refused is worth nothing to a later attempt, which asks afresh.</summary>
    public override bool GoesOnLater => false;

    public override LlmRequest Request(string model, double temperature, bool isStructured) =>
        new(
            model,
            temperature,
            Messages,
            isStructured ? ResponseFormat.JsonSchema : ResponseFormat.Plain,
            ResponseSchema: isStructured ? PlanSchema.For(Offered) : null
        );

    public override DialogueTurn Take(KeptAnswer answer)
    {
        _answers++;
        if (IsRefusal(answer))
        {
            return new DialogueTurn.Final(Verdicts.Refused(answer.FinishReason));
        }

        if (IsCutOff(answer))
        {
            return Refuse(
                answer,
                "The answer was cut off because it grew too long; answer with a shorter plan of fewer steps."
            );
        }

        return PlanReplyParser.Parse(answer.Content, Offered) switch
        {
            PlanReply.Accepted accepted => new DialogueTurn.Final(new Verdict.Planned(accepted.Plan)),
            PlanReply.Refused refused => Refuse(answer, refused.Sentence),
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>A plan is accepted whole or not at all, so there is never a part of one.</summary>
    public override Verdict EndNow(Verdict otherwise) => otherwise;

    private DialogueTurn Refuse(KeptAnswer answer, string sentence)
    {
        if (_answers >= AnswersMax)
        {
            return new DialogueTurn.Final(Verdicts.UnusablePlan(sentence)) { Reason = sentence };
        }

        SayAgain(answer.Content, sentence);
        return new DialogueTurn.Ask { Reason = sentence };
    }
}
