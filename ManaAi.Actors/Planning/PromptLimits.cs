namespace ManaAi.Actors.Planning;

/// <summary>How much of each text goes into a prompt. The beginning stays, and a cut is marked.</summary>
/// <remarks>All together stay below some 16,000 tokens, which the smallest model in use takes with its answer.</remarks>
internal static class PromptLimits
{
    // A title is a line; what is longer repeats the objective.
    public const int TitleCharsMax = 200;

    // The objective is what the plan is for: room for a page.
    public const int ObjectiveCharsMax = 4_000;

    // Users keep whole documents here, and say first what matters.
    public const int ConceptCharsMax = 8_000;

    // The newest word of the user; a page of it is more than a plan of five steps can follow.
    public const int FeedbackCharsMax = 2_000;

    // A look back, not a record.
    public const int PassSummaryCharsMax = 1_000;

    // One line each, enough to know the step again.
    public const int StepSummaryCharsMax = 300;

    // A plan has five steps; devices may have added some.
    public const int StepsMax = 10;

    // What came before the last three has been answered by them.
    public const int PassesMax = 3;

    // Names and roles are a line or two.
    public const int AgentNameCharsMax = 100;
    public const int AgentRoleCharsMax = 500;

    // As much as the objective: the agent frames the mission and does not replace it.
    public const int AgentInstructionsCharsMax = 4_000;
    public const int AgentMemoryCharsMax = 4_000;

    // A note is one sentence of ours.
    public const int NoteCharsMax = 500;

    // Of a refused answer: enough for the model to see what it wrote, too little to pay for it twice.
    public const int RefusedAnswerCharsMax = 2_000;

    // The sentence that goes with it may list every tool's name.
    public const int SentenceCharsMax = 3_000;
}
