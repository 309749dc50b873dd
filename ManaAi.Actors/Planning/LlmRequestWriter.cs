using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>The wire form of a request, as OpenAI-compatible servers read it.</summary>
public static class LlmRequestWriter
{
    private const string AnswerName = "plan";

    // Not for HTML: umlauts and quotes need no six-byte escapes, which a model's tokenizer never sees anyway.
    private static readonly JsonWriterOptions _relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    // The rules are the same message for nearly every plan, and the longest.
    private static readonly ConditionalWeakTable<ChatMessage, EscapedText> _rules = [];

    public static ReadOnlyMemory<byte> Write(LlmRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var bytes = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(bytes, _relaxed);
        json.WriteStartObject();
        json.WriteString("model"u8, request.Model);
        WriteMessages(json, request.Messages);
        json.WriteNumber("temperature"u8, request.Temperature);
        json.WriteBoolean("stream"u8, false);
        WriteFormat(json, request);
        WriteFunctions(json, request.Functions);
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenMemory;
    }

    private static void WriteMessages(Utf8JsonWriter json, IReadOnlyList<ChatMessage> messages)
    {
        json.WriteStartArray("messages"u8);
        foreach (var message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, message.Role);
            WriteContent(json, message);
            WriteToolCalls(json, message.ToolCalls);
            if (message.ToolCallId is { } id)
            {
                json.WriteString("tool_call_id"u8, id);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteContent(Utf8JsonWriter json, ChatMessage message)
    {
        if (message is { Role: "system", Content: { } rules })
        {
            json.WriteString("content"u8, _rules.GetValue(message, _ => new EscapedText(rules)).Text);
        }
        else
        {
            WriteText(json, "content"u8, message.Content);
        }
    }

    private static void WriteToolCalls(Utf8JsonWriter json, IReadOnlyList<ToolCall> calls)
    {
        if (calls.Count == 0)
        {
            return; // Some servers refuse an empty array.
        }

        json.WriteStartArray("tool_calls"u8);
        foreach (var call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, call.Id);
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteString("name"u8, SendableName(call.Name));
            WriteText(json, "arguments"u8, SendableArguments(call.Arguments));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    // A model invents names such as `todo.create task`. Sent back as they are, the whole conversation would be
    // refused; the tool message that answers the call says what was wrong with it.
    private static string SendableName(string name)
    {
        var sendable = string.Concat(
            name.Take(64).Select(character => IsNameCharacter(character) ? character : '_')
        );
        return sendable.Length == 0 ? "unnamed" : sendable;
    }

    private static bool IsNameCharacter(char character) =>
        char.IsAsciiLetterOrDigit(character) || character is '_' or '-';

    // For the same reason: servers that translate for another provider parse the arguments they get back. What was read
    // although it is no strict JSON is written anew, or the model would see a call without what it had said.
    private static string SendableArguments(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments);
            return document.RootElement.ValueKind == JsonValueKind.Object ? arguments : "{}";
        }
        catch (JsonException)
        {
            return
                PlanJson.TryRead(arguments.AsSpan().Trim("\uFEFF \r\n\t"), out var read, out _)
                && read.ValueKind == JsonValueKind.Object
                ? JsonSerializer.Serialize(read)
                : "{}";
        }
    }

    private static void WriteFormat(Utf8JsonWriter json, LlmRequest request)
    {
        if (request.Format == ResponseFormat.Plain)
        {
            return;
        }

        json.WriteStartObject("response_format"u8);
        if (request is { Format: ResponseFormat.JsonSchema, ResponseSchema: { } schema })
        {
            json.WriteString("type"u8, "json_schema"u8);
            json.WriteStartObject("json_schema"u8);
            json.WriteString("name"u8, AnswerName);
            json.WritePropertyName("schema"u8);
            json.WriteRawValue(JsonMarshal.GetRawUtf8Value(schema), skipInputValidation: true);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("type"u8, "json_object"u8);
        }

        json.WriteEndObject();
    }

    private static void WriteFunctions(Utf8JsonWriter json, IReadOnlyList<JsonElement>? functions)
    {
        if (functions is not { Count: > 0 })
        {
            return;
        }

        json.WriteStartArray("tools"u8);
        foreach (var function in functions)
        {
            json.WriteRawValue(JsonMarshal.GetRawUtf8Value(function), skipInputValidation: true);
        }

        json.WriteEndArray();
        json.WriteString("tool_choice"u8, "auto"u8);
    }

    // Text that came from outside can hold half of a surrogate pair, which no UTF-8 can carry.
    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? text)
    {
        if (text is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteString(name, Encoding.UTF8.GetBytes(text));
    }

    private sealed class EscapedText(string text)
    {
        public JsonEncodedText Text { get; } =
            JsonEncodedText.Encode(Encoding.UTF8.GetBytes(text), _relaxed.Encoder);
    }
}
