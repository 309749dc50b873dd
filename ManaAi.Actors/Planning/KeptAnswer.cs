using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ManaAi.Actors.Planning;

/// <summary>An answer as the ledger keeps it from its arrival until the run is closed.</summary>
/// <remarks>In tools mode the list of them is the transcript: what was said in between follows from it.</remarks>
public sealed record KeptAnswer(string? Content, string FinishReason, string? Refusal)
{
    private static JsonSerializerOptions Options { get; } =
        new(JsonSerializerDefaults.Web)
        {
            Converters =
            {
                new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
            },
        };

    /// <summary>How it was asked for: only a dialogue of that mode can make anything of it.</summary>
    public PlanMode Mode { get; init; }

    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    public static KeptAnswer Of(LlmAnswer answer, PlanMode mode) =>
        new(
            answer.Content is { } content ? Storable(content) : null,
            Storable(answer.FinishReason),
            answer.Refusal is { } refusal ? Storable(refusal) : null
        )
        {
            Mode = mode,
            ToolCalls =
            [
                .. answer.ToolCalls.Select(call => new ToolCall(
                    Storable(call.Id),
                    Storable(call.Name),
                    Storable(call.Arguments)
                )),
            ],
        };

    public static IReadOnlyList<KeptAnswer> ReadAll(ReadOnlyMemory<byte> json) =>
        JsonSerializer.Deserialize<List<KeptAnswer>>(json.Span, Options) ?? [];

    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>
    /// jsonb takes every character but NUL and halves of surrogate pairs. Nothing else is touched: most of it is JSON, in
    /// which a line separator that became a newline would be an error.
    /// </summary>
    private static string Storable(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Replace('\0', '\uFFFD')));
}
