using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>An answer as the ledger keeps it from its arrival until the run is closed.</summary>
public sealed record KeptAnswer(string? Content, string FinishReason, string? Refusal)
{
    private static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web);

    public static KeptAnswer Of(LlmAnswer answer) =>
        new(Storable(answer.Content), answer.FinishReason, Storable(answer.Refusal));

    public static IReadOnlyList<KeptAnswer> ReadAll(ReadOnlyMemory<byte> json) =>
        JsonSerializer.Deserialize<List<KeptAnswer>>(json.Span, Options) ?? [];

    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>jsonb takes every character but NUL and halves of surrogate pairs.</summary>
    private static string? Storable(string? text) => text is null ? null : ForeignText.Clean(text);
}
