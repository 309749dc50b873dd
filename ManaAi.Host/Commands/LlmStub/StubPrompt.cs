using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ManaAi.Actors.Planning;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary>What the stand-in reads of a request.</summary>
/// <param name="Text">All messages together.</param>
/// <param name="SystemText">Those of the system alone, where tools are listed in json mode.</param>
/// <param name="Mission">A short hash of the first user message.</param>
/// <param name="Seed">From all messages: the same conversation is always answered in the same way.</param>
/// <param name="ToolAnswers">How many messages of the role tool there are.</param>
internal sealed record StubPrompt(
    string Text,
    string SystemText,
    string Mission,
    ulong Seed,
    int ToolAnswers,
    JsonElement Body
)
{
    public string? Model => Body.Text("model");

    public IReadOnlyList<JsonElement> Functions { get; } =
    [.. Body.Elements("tools").Select(tool => tool.Member("function")).OfType<JsonElement>()];

    public IReadOnlyList<StubTool> Tools => field ??= StubTools.Of(this);

    public JsonElement? Schema => Body.Member("response_format")?.Member("json_schema")?.Member("schema");

    /// <returns>The prompt, or what is wrong with the request.</returns>
    public static (StubPrompt? Prompt, string? Fault) Read(JsonElement body)
    {
        var messages = body.Elements("messages").Select(Message.Of).ToList();
        if (messages.Count == 0)
        {
            return (null, "messages is missing or empty");
        }

        if (body.Member("stream") is { ValueKind: JsonValueKind.True })
        {
            return (null, "the stand-in does not stream");
        }

        var text = string.Join('\n', messages.Select(message => $"{message.Role}: {message.Content}"));
        var user = messages.Find(message => message.Role is "user")?.Content ?? text;
        return (
            new StubPrompt(
                text,
                string.Join(
                    '\n',
                    messages.Where(message => message.Role is "system").Select(one => one.Content)
                ),
                Convert.ToHexStringLower(Hash(user).AsSpan(0, 8)),
                BinaryPrimitives.ReadUInt64BigEndian(Hash(text)),
                messages.Count(message => message.Role is "tool"),
                body.Clone()
            ),
            null
        );
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private sealed record Message(string? Role, string? Content)
    {
        public static Message Of(JsonElement message) => new(message.Text("role"), message.Text("content"));
    }
}
