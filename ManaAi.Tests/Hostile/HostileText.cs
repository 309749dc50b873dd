using System.Globalization;
using System.Text;

namespace ManaAi.Tests.Hostile;

/// <summary>Texts that a terminal, a log or a page would obey, and how to see whether one came through.</summary>
internal static class HostileText
{
    /// <summary>Stands where a text has begun a line of its own.</summary>
    public const string ForgedLine = "FORGED";

    /// <summary>Escapes as bytes of one and of two, an end of line of every kind, and what turns the reading round.</summary>
    public const string Everything =
        "a\u001b[2J\u001b]0;title\u0007\u009b31m\u0090q\u009c\u0008\u007f\r\n"
        + ForgedLine
        + "\n"
        + ForgedLine
        + "\u0085"
        + ForgedLine
        + "\u2028"
        + ForgedLine
        + "\u202egnitirw\u2066\u200b\u00ad\U000E0041<script>alert(1)</script>{0}%s'\"`$(id)";

    /// <summary>Null where the text is harmless; else what is not, with the text around it.</summary>
    public static string? Find(string text)
    {
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsHostile(rune))
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"U+{rune.Value:X4} in {Around(text, at)}"
                );
            }

            at += rune.Utf16SequenceLength;
        }

        var forged = text.Split('\n')
            .FirstOrDefault(line => line.StartsWith(ForgedLine, StringComparison.Ordinal));
        return forged is null ? null : $"a line of its own: {forged}";
    }

    private static bool IsHostile(Rune rune) =>
        rune.Value is not ('\n' or 0x200C or 0x200D)
        && Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;

    private static string Around(string text, int at) =>
        Uri.EscapeDataString(text[Math.Max(0, at - 40)..Math.Min(text.Length, at + 40)]);
}
