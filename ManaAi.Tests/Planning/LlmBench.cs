using System.Globalization;
using System.Text.Json;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>Requests, answers and limits that the tests of the LLM client share.</summary>
internal static class LlmBench
{
    public const string Key = "sk-secret-of-the-tests";

    /// <summary>Short enough for a test; far enough apart to tell which limit ended a call.</summary>
    public static LlmLimits Short { get; } =
        new()
        {
            Connect = TimeSpan.FromMilliseconds(300),
            FirstByte = TimeSpan.FromMilliseconds(500),
            Silence = TimeSpan.FromMilliseconds(700),
            Total = TimeSpan.FromMilliseconds(1500),
        };

    /// <summary>Where no limit is meant to act, also on a busy machine.</summary>
    public static LlmLimits Patient { get; } = new();

    public static LlmRequest Request { get; } =
        new("test/model", 0.3, [new("system", "Plan."), new("user", "Grüße")], ResponseFormat.JsonObject);

    public static LlmClient Client(Uri address, LlmLimits? limits = null) =>
        new(address, () => Key, limits ?? Patient, TimeProvider.System);

    /// <summary>A completion whose message is given as JSON.</summary>
    public static string Completion(
        string message,
        string finish = "\"stop\"",
        string usage = """{"prompt_tokens":7,"completion_tokens":5}"""
    ) => $$"""{"choices":[{"message":{{message}},"finish_reason":{{finish}}}],"usage":{{usage}}}""";

    /// <summary>A completion that says this.</summary>
    public static string Saying(string content) =>
        Completion($$"""{"role":"assistant","content":{{JsonSerializer.Serialize(content)}}}""");

    /// <summary>One line that says everything about an outcome, for tables.</summary>
    public static string Tell(LlmOutcome outcome) =>
        outcome switch
        {
            LlmOutcome.Answered(var answer) => Tell(answer),
            LlmOutcome.Unavailable(var kind, var detail) => $"unavailable {kind}: {detail}",
            LlmOutcome.RateLimited(var wait) => string.Create(
                CultureInfo.InvariantCulture,
                $"rate-limited {wait?.TotalSeconds}"
            ),
            LlmOutcome.Unauthorized(var status, var detail) => $"unauthorized {status}: {detail}",
            LlmOutcome.Rejected(var status, var kind, var detail) => $"rejected {status} {kind}: {detail}",
            _ => throw new InvalidOperationException(outcome.ToString()),
        };

    private static string Tell(LlmAnswer answer)
    {
        var calls = string.Concat(
            answer.ToolCalls.Select(call => $" [{call.Id} {call.Name} {call.Arguments}]")
        );
        var refusal = answer.Refusal is null ? "" : $" refused: {answer.Refusal}";
        return $"answered {answer.FinishReason}: {answer.Content ?? "null"}{calls}{refusal}";
    }
}
