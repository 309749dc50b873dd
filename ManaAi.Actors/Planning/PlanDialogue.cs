using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>
/// One conversation about one plan: what is asked next, and what the answers so far amount to. Pure: the same answers
/// lead to the same place, so a kept transcript is simply taken again, and nothing is asked twice.
/// </summary>
public abstract class PlanDialogue
{
    private List<ChatMessage> _messages;

    private protected PlanDialogue(PromptInput input)
    {
        var prompt = PlanPrompt.Build(input);
        (Offered, PromptVersion, _messages) = (input.Offered, prompt.Version, [.. prompt.Messages]);
    }

    public abstract PlanMode Mode { get; }

    public string PromptVersion { get; }

    /// <summary>What the next request says.</summary>
    public IReadOnlyList<ChatMessage> Messages => [.. _messages];

    /// <summary>
    /// Whether the answers so far are worth keeping where the next request fails and is made again by a later attempt.
    /// </summary>
    public abstract bool GoesOnLater { get; }

    private protected IReadOnlyList<Tool> Offered { get; }

    public static PlanDialogue Begin(PromptInput input) =>
        input.Mode == PlanMode.Json ? new JsonDialogue(input) : new ToolsDialogue(input);

    /// <param name="isStructured">Whether the model takes a schema for its answer; where it calls tools, that is moot.</param>
    public abstract LlmRequest Request(string model, double temperature, bool isStructured);

    /// <summary>The next answer, kept or fresh.</summary>
    public abstract DialogueTurn Take(KeptAnswer answer);

    /// <summary>A sentence of our own for the model, such as that its budget is nearly spent; it goes with the next request.</summary>
    public void AddNote(string sentence) =>
        Say(new ChatMessage("user", $"Note: {ForeignText.Line(sentence, PromptLimits.NoteCharsMax)}"));

    /// <summary>Ends it here: with a plan of what is recorded, or as given where nothing is.</summary>
    public abstract Verdict EndNow(Verdict otherwise);

    private protected void Say(params IEnumerable<ChatMessage> messages) => _messages.AddRange(messages);

    private protected void SayAgain(string? assistantText, string sentence) =>
        _messages = [.. PlanPrompt.AskAgain(_messages, assistantText, sentence)];

    private protected static bool IsRefusal(KeptAnswer answer) =>
        answer.Refusal is { Length: > 0 } || answer.FinishReason == "content_filter";

    private protected static bool IsCutOff(KeptAnswer answer) => answer.FinishReason == "length";
}

/// <summary>What a dialogue makes of an answer.</summary>
public abstract record DialogueTurn
{
    private DialogueTurn() { } // Closed: only the cases below can exist.

    /// <summary>Why the answer was no usable plan; null where it was one, or a part of one.</summary>
    public string? Reason { get; init; }

    /// <summary>The calls in it that were not recorded.</summary>
    public IReadOnlyList<ToolCall> RefusedCalls { get; init; } = [];

    public sealed record Final(Verdict Verdict) : DialogueTurn;

    /// <summary>There is more to ask: the dialogue has the messages.</summary>
    public sealed record Ask : DialogueTurn;
}
