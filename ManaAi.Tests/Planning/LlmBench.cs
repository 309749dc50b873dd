using System.Globalization;
using System.Text.Json;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>Requests, answers and limits that the tests of the LLM client share.</summary>
internal static class LlmBench
{
    public const string Key = "sk-secret-of-the-tests";

    /// <summary>The one limit of a call that a test lets run out.</summary>
    public static readonly TimeSpan ShortLimit = TimeSpan.FromMilliseconds(600);

    /// <summary>Where no limit is meant to act, also on a busy machine.</summary>
    public static LlmLimits Patient { get; } = new();

    // Never two short ones at once: on a busy machine either could come first.
    public static LlmLimits NoConnection { get; } = new() { Connect = ShortLimit };

    public static LlmLimits NoFirstByte { get; } = new() { FirstByte = ShortLimit };

    public static LlmLimits NoSilence { get; } = new() { Silence = ShortLimit };

    public static LlmLimits NoLength { get; } = new() { Total = ShortLimit };

    /// <summary>By the limit that a test expects to read about.</summary>
    public static LlmLimits LimitsFor(string expected) =>
        expected switch
        {
            _ when expected.Contains("no first byte") => NoFirstByte,
            _ when expected.Contains("silence") => NoSilence,
            _ when expected.Contains("no whole answer") => NoLength,
            _ => Patient,
        };

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
