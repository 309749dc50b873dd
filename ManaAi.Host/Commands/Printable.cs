using System.Text.RegularExpressions;

namespace ManaAi.Host.Commands;

/// <summary>Text from elsewhere, made harmless for a terminal.</summary>
internal static partial class Printable
{
    /// <summary>Control characters become a visible stand-in, so that no text moves the cursor or forges a line.</summary>
    public static string Text(string text) =>
        string.Create(
            text.Length,
            text,
            static (printable, text) =>
            {
                for (var index = 0; index < text.Length; index++)
                {
                    printable[index] = char.IsControl(text[index]) ? '\uFFFD' : text[index];
                }
            }
        );

    /// <summary>JSON with the control characters that its strings may hold as they are (U+007F to U+009F) escaped.</summary>
    public static string Json(string json) =>
        ControlCharacters().Replace(json, static match => $"\\u{(int)match.ValueSpan[0]:x4}");

    [GeneratedRegex("[\u007F-\u009F]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ControlCharacters();
}
