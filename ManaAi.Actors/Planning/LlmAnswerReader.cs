using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>Reads a chat completion as servers really send it: half of its members may be missing.</summary>
internal static class LlmAnswerReader
{
    // Keeps sums of many answers far from overflow; no model counts so far.
    private const long TokensMax = 1_000_000_000;

    /// <returns>The answer, or what is wrong with it.</returns>
    public static (LlmAnswer? Answer, string? Fault) Read(JsonElement body)
    {
        if (body.Elements("choices").Take(1).ToArray() is not [var choice])
        {
            return (null, $"no choices{(LlmError.Read(body).Message is { } said ? $": {said}" : "")}");
        }

        if (choice.Member("message") is not { ValueKind: JsonValueKind.Object } message)
        {
            return (null, "choices[0] has no message");
        }

        var calls = ReadToolCalls(message);
        return (
            new LlmAnswer(
                ReadContent(message),
                calls,
                choice.Text("finish_reason") ?? (calls.Count > 0 ? "tool_calls" : "stop"),
                ReadUsage(body),
                message.Text("refusal") is { Length: > 0 } refusal ? refusal : null
            ),
            null
        );
    }

    // Text; or a list of parts, of which the texts count; or already an object, where a server took
    // "answer in JSON" by its word.
    private static string? ReadContent(JsonElement message) =>
        message.Member("content") switch
        {
            { ValueKind: JsonValueKind.String } text => text.GetString(),
            { ValueKind: JsonValueKind.Array } parts => string.Concat(
                parts.EnumerateArray().Select(part => part.Text("text"))
            ),
            { ValueKind: JsonValueKind.Object } whole => whole.GetRawText(),
            _ => null,
        };

    private static List<ToolCall> ReadToolCalls(JsonElement message)
    {
        var calls = new List<ToolCall>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var call in message.Elements("tool_calls"))
        {
            var function = call.Member("function") ?? call;
            calls.Add(
                new ToolCall(
                    UniqueId(call.Text("id"), ids, calls.Count),
                    function.Text("name") ?? "unnamed",
                    ReadArguments(function)
                )
            );
        }

        return calls;
    }

    // An answer to a call names its id: two calls with one id could not be told apart, and the next request
    // would be refused.
    private static string UniqueId(string? id, HashSet<string> taken, int index)
    {
        var unique = string.IsNullOrWhiteSpace(id) ? $"call_{index}" : id;
        var copy = 1;
        while (!taken.Add(unique))
        {
            copy++;
            unique = $"{id}_{index}_{copy}";
        }

        return unique;
    }

    private static string ReadArguments(JsonElement function) =>
        function.Member("arguments") switch
        {
            { ValueKind: JsonValueKind.String } text => text.GetString()!,
            { } unquoted => unquoted.GetRawText(),
            null => "",
        };

    // Some providers count a model's thinking in the total alone; it is paid for all the same.
    private static LlmUsage ReadUsage(JsonElement body)
    {
        if (body.Member("usage") is not { } usage)
        {
            return LlmUsage.None;
        }

        var prompt = Tokens(usage, "prompt_tokens");
        return new(
            prompt,
            Math.Max(Tokens(usage, "completion_tokens"), Tokens(usage, "total_tokens") - prompt)
        );
    }

    private static long Tokens(JsonElement usage, string name) =>
        usage.Member(name) is { ValueKind: JsonValueKind.Number } number
        && number.TryGetDouble(out var tokens)
            ? (long)Math.Clamp(tokens, 0, TokensMax)
            : 0;
}
