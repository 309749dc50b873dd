using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>One message of a conversation, as the OpenAI-compatible API takes it.</summary>
/// <param name="Role">system, user, assistant or tool.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>What an assistant asked for (native function calling).</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>Which call a message with the role tool answers.</summary>
    public string? ToolCallId { get; init; }
}

/// <param name="Arguments">As the model wrote them: JSON text, or what it took for JSON.</param>
public sealed record ToolCall(string Id, string Name, string Arguments);

/// <summary>How the answer should be shaped; a server may refuse the stricter ones.</summary>
public enum ResponseFormat
{
    Plain,
    JsonObject,
    JsonSchema,
}

/// <param name="Functions">
/// The elements of the API's `tools` array, ready to send; null or empty in json mode.
/// </param>
/// <param name="ResponseSchema">The JSON Schema of the answer, with <see cref="ResponseFormat.JsonSchema"/>.</param>
public sealed record LlmRequest(
    string Model,
    double Temperature,
    IReadOnlyList<ChatMessage> Messages,
    ResponseFormat Format,
    IReadOnlyList<JsonElement>? Functions = null,
    JsonElement? ResponseSchema = null
);

/// <summary>Tokens as the server counted them; 0 where it did not say.</summary>
public sealed record LlmUsage(long PromptTokens, long CompletionTokens)
{
    public static LlmUsage None { get; } = new(0, 0);

    public long TotalTokens => PromptTokens + CompletionTokens;

    public static LlmUsage operator +(LlmUsage left, LlmUsage right) =>
        new(left.PromptTokens + right.PromptTokens, left.CompletionTokens + right.CompletionTokens);
}

/// <param name="FinishReason">stop, length, content_filter, tool_calls, or what else the server said.</param>
/// <param name="Refusal">The model's refusal, where it sent one instead of content.</param>
public sealed record LlmAnswer(
    string? Content,
    IReadOnlyList<ToolCall> ToolCalls,
    string FinishReason,
    LlmUsage Usage,
    string? Refusal = null
);

/// <summary>How one call to the LLM ended. Nothing of this is an exception: callers decide by case.</summary>
public abstract record LlmOutcome
{
    private LlmOutcome() { } // Closed: only the cases below can exist.

    public sealed record Answered(LlmAnswer Answer) : LlmOutcome;

    /// <summary>No usable answer came: connection, reset, limit reached, 5xx, no JSON. Trying again may help.</summary>
    /// <param name="Kind">connect, timeout, too-large, transport, server-error, bad-answer or redirect.</param>
    /// <param name="Detail">For operators: what happened and at which limit. No key, no prompt.</param>
    public sealed record Unavailable(string Kind, string Detail) : LlmOutcome
    {
        /// <summary>The detail, but for what a server said in its own words, which can repeat a prompt: for logs and pages.</summary>
        public string Brief { get; init; } = Detail;

        /// <summary>Whether mana-llm itself was not there: transport, timeout or 5xx. A strange answer is one.</summary>
        public bool IsBreakerMatter => Kind is "connect" or "timeout" or "transport" or "server-error";
    }

    /// <summary>429. Costs no attempt.</summary>
    /// <param name="RetryAfter">What the server asked for, seconds or date already turned into a wait.</param>
    public sealed record RateLimited(TimeSpan? RetryAfter) : LlmOutcome;

    /// <summary>401 or 403: a setting is wrong.</summary>
    public sealed record Unauthorized(int Status, string Detail) : LlmOutcome;

    /// <summary>400, 404, 422 and the like: the same request would be refused again.</summary>
    /// <param name="Kind">blocked, capability, unknown, as mana-llm says; `unknown` where it does not.</param>
    public sealed record Rejected(int Status, string Kind, string Detail) : LlmOutcome;
}
