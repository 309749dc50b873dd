using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace ManaAi.Actors.Planning;

/// <summary>Makes text of what a server sent, whatever it sent.</summary>
public static partial class LlmReplyText
{
    private const int DetailCharactersMax = 200;
    private const int KeyCharactersMin = 8;
    private const string Hidden = "***";

    /// <summary>
    /// The same bytes, or a repaired copy that every JSON parser can read as text: without a byte order mark,
    /// invalid UTF-8 and halves of surrogate pairs replaced. The answer is paid for; one broken emoji, cut in
    /// two by a token limit, is no reason to lose it.
    /// </summary>
    public static ReadOnlyMemory<byte> Readable(ReadOnlyMemory<byte> bytes)
    {
        bytes = bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes;
        var isSuspicious =
            bytes.Span.IndexOf("\\uD"u8) >= 0
            || bytes.Span.IndexOf("\\ud"u8) >= 0
            || !Utf8.IsValid(bytes.Span);
        return isSuspicious
            ? Encoding.UTF8.GetBytes(WithoutLoneSurrogates(Encoding.UTF8.GetString(bytes.Span)))
            : bytes;
    }

    /// <summary>
    /// JSON text in which no escape stands for half a character: <c>GetString</c> throws on those. Needed again
    /// for JSON that a model wrote inside a string, such as the arguments of a tool call.
    /// </summary>
    public static string WithoutLoneSurrogates(string json) =>
        Escapes().Replace(json, match => match.Groups["lone"].Success ? "\\ufffd" : match.Value);

    /// <summary>One line for operators: no control characters, no key, not long.</summary>
    public static string Detail(string text, string? key)
    {
        ArgumentNullException.ThrowIfNull(text);
        // First the key, then the cut: half a key is still too much of it.
        var hidden = string.IsNullOrEmpty(key) ? text : text.Replace(key, Hidden, StringComparison.Ordinal);
        var line = new StringBuilder(DetailCharactersMax);
        foreach (var rune in hidden.EnumerateRunes())
        {
            if (line.Length >= DetailCharactersMax)
            {
                return line.Append('…').ToString();
            }

            AppendVisible(line, rune);
        }

        return line.ToString().TrimEnd();
    }

    /// <summary>
    /// The answer without our own key, should a server put it there: it would be kept, written and shown. One of a few
    /// characters is no secret that could be kept, and would be found in any text.
    /// </summary>
    public static LlmAnswer WithoutKey(LlmAnswer answer, string? key)
    {
        if (key is not { Length: >= KeyCharactersMin })
        {
            return answer;
        }

        return answer with
        {
            Content = answer.Content?.Replace(key, Hidden, StringComparison.Ordinal),
            FinishReason = Hide(answer.FinishReason),
            Refusal = answer.Refusal?.Replace(key, Hidden, StringComparison.Ordinal),
            ToolCalls =
            [
                .. answer.ToolCalls.Select(call => new ToolCall(
                    Hide(call.Id),
                    Hide(call.Name),
                    Hide(call.Arguments)
                )),
            ],
        };

        string Hide(string text) => text.Replace(key, Hidden, StringComparison.Ordinal);
    }

    private static void AppendVisible(StringBuilder line, Rune rune)
    {
        if (!Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune))
        {
            line.Append(rune);
        }
        else if (line.Length > 0 && line[^1] != ' ')
        {
            line.Append(' ');
        }
    }

    // In this order: a whole pair, a half, any other escape (so that the backslash of `\\ud800` is not taken
    // for the beginning of an escape).
    [GeneratedRegex(
        """\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.""",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline,
        matchTimeoutMilliseconds: 5000
    )]
    private static partial Regex Escapes();
}
