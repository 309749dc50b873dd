namespace ManaAi.Actors.Planning;

/// <summary>How outcomes are counted.</summary>
public static class LlmOutcomes
{
    /// <summary>The kind of error for the metrics; null for an answer.</summary>
    public static string? Kind(LlmOutcome outcome) =>
        outcome switch
        {
            LlmOutcome.Unavailable unavailable => unavailable.Kind,
            LlmOutcome.RateLimited => "rate-limit",
            LlmOutcome.Unauthorized => "auth",
            LlmOutcome.Rejected rejected => rejected.Kind,
            _ => null,
        };

    /// <summary>What stands before the slash in a model's name; `openai` where there is none.</summary>
    public static string Provider(string model) =>
        model.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? model[..slash] : "openai";
}
