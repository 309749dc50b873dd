using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>What an error's body says, in any of the forms that are seen.</summary>
internal sealed record LlmError(string? Kind, string? Message)
{
    public static LlmError None { get; } = new(null, null);

    /// <summary>
    /// <c>{detail: "text"}</c> and <c>{detail: {kind, message}}</c> are mana-llm's; <c>{detail: [{msg}]}</c> is
    /// what its framework says of a malformed request, <c>{error: {message}}</c> what other servers say.
    /// </summary>
    public static LlmError Read(JsonElement body)
    {
        var detail = body.Member("detail") ?? body.Member("error");
        return detail?.ValueKind switch
        {
            JsonValueKind.String => new(null, detail.Value.GetString()),
            JsonValueKind.Object => new(
                detail.Value.Text("kind")?.ToLowerInvariant(),
                detail.Value.Text("message")
            ),
            JsonValueKind.Array when detail.Value.GetArrayLength() > 0 => new(
                null,
                detail.Value[0].Text("msg")
            ),
            _ => None,
        };
    }
}
