using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ManaAi.Host;

/// <summary>Text from elsewhere, made harmless for a terminal, a line of a log, and whoever reads them.</summary>
internal static partial class Printable
{
    /// <summary>
    /// What moves a cursor, begins a line, turns the direction of reading or cannot be seen at all becomes a visible
    /// stand-in, so that no text forges a line or looks like another.
    /// </summary>
    public static string Text(string text)
    {
        if (Array.TrueForAll(text.ToCharArray(), char.IsAscii) && !text.Any(char.IsControl))
        {
            return text;
        }

        var printable = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // Half a surrogate pair becomes the stand-in by itself.
        {
            printable.Append(IsHarmless(rune) ? rune : Rune.ReplacementChar);
        }

        return printable.ToString();
    }

    /// <summary>JSON with those of these characters escaped that its strings may hold as they are.</summary>
    public static string Json(string json) =>
        Deceptive()
            .Replace(json, static match => string.Concat(match.Value.Select(half => $"\\u{(int)half:x4}")));

    private static bool IsHarmless(Rune rune) =>
        rune.Value is 0x200C or 0x200D // The joiners of Persian and of emoji.
        || Rune.GetUnicodeCategory(rune)
            is not (
                UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
            );

    // The last is the block of tags, which hides a text within another.
    [GeneratedRegex(
        @"[\u007F-\u009F\p{Cf}\p{Zl}\p{Zp}]|\uDB40[\uDC00-\uDFFF]",
        RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 10_000
    )]
    private static partial Regex Deceptive();
}
