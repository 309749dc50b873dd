using System.Buffers;
using System.Globalization;
using System.Text;

namespace ManaAi.Actors.Planning;

/// <summary>
/// Makes text of users, devices and models safe to pass on: what nobody can see is taken out, and what is too
/// long is cut with a mark. It does not judge what the text says.
/// </summary>
/// <remarks>
/// Taken out are control characters (but newline and tab), bidi controls, and invisible characters that can
/// carry text past a reader. The joiners that Persian and emoji need stay. A lone surrogate becomes U+FFFD:
/// neither UTF-8 nor jsonb can hold it.
/// </remarks>
public static class ForeignText
{
    /// <summary>What stands at the end of a text that was cut, so that a model does not take it for whole.</summary>
    public const string CutMark = "\n[cut here: the text goes on]";

    // Enough to recognise what was written, too little to smuggle an instruction back into a conversation.
    private const int QuotedCharsMax = 60;

    // ASCII that can be seen, and what makes space; most texts are nothing else.
    private static readonly SearchValues<char> _plain = SearchValues.Create([
        .. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code),
        '\n',
        '\t',
    ]);

    /// <summary>The text with its lines, without what nobody can see.</summary>
    public static string Clean(string text) => Copy(text, int.MaxValue, isOneLine: false).Text;

    /// <summary>As <see cref="Clean"/>, and at most so long; a cut is marked.</summary>
    public static string Clip(string text, int charsMax)
    {
        var (clipped, isCut) = Copy(text, charsMax, isOneLine: false);
        return isCut ? clipped + CutMark : clipped;
    }

    /// <summary>As <see cref="Clean"/>, and on one line with single spaces; a cut is marked with an ellipsis.</summary>
    public static string Line(string text, int charsMax = int.MaxValue)
    {
        var (line, isCut) = Copy(text, charsMax, isOneLine: true);
        return isCut ? line + "…" : line;
    }

    /// <summary>For sentences that name what was found: short, on one line, in quotes that it cannot close.</summary>
    public static string Quote(string text) => $"\"{Line(text, QuotedCharsMax).Replace('"', '\'')}\"";

    /// <summary>A sentence of ours without what it quotes, for places where no foreign text may stand.</summary>
    public static string WithoutQuotes(string sentence) =>
        string.Join("\"…\"", sentence.Split('"').Where((_, place) => place % 2 == 0));

    /// <summary>Whether a reader would see nothing.</summary>
    public static bool IsBlank(string text) =>
        text.EnumerateRunes()
            .All(rune => !Rune.IsLetterOrDigit(rune) && !Rune.IsPunctuation(rune) && !Rune.IsSymbol(rune));

    /// <summary>Text that a device encrypted (PROTOCOL 9): it means nothing to a model and belongs in no prompt.</summary>
    public static bool IsCiphertext(string text) =>
        text.AsSpan().TrimStart().StartsWith("enc:1:", StringComparison.Ordinal);

    private static (string Text, bool IsCut) Copy(string text, int charsMax, bool isOneLine)
    {
        if (!isOneLine && text.Length <= charsMax && !text.AsSpan().ContainsAnyExcept(_plain))
        {
            return (text, false);
        }

        var copy = new StringBuilder(Math.Min(text.Length, charsMax));
        var (isAfterReturn, isSpaceOwed) = (false, false);
        foreach (var rune in text.EnumerateRunes())
        {
            var isSecondHalfOfNewline = isAfterReturn && rune.Value == '\n';
            isAfterReturn = rune.Value == '\r';
            if (isSecondHalfOfNewline || Seen(rune) is not { } seen)
            {
                continue;
            }

            if (isOneLine && Rune.IsWhiteSpace(seen))
            {
                isSpaceOwed = copy.Length > 0;
                continue;
            }

            if (copy.Length + seen.Utf16SequenceLength + (isSpaceOwed ? 1 : 0) > charsMax)
            {
                return (copy.ToString(), true);
            }

            copy.Append(isSpaceOwed ? " " : "").Append(seen);
            isSpaceOwed = false;
        }

        return (copy.ToString(), false);
    }

    /// <summary>What a reader sees of a character; null is nothing.</summary>
    private static Rune? Seen(Rune rune) =>
        rune.Value switch
        {
            '\n' or '\t' => rune,
            '\r' or 0x2028 or 0x2029 => new Rune('\n'),
            0x200C or 0x200D => rune, // The joiners: words in Persian and Hindi, families in emoji.
            (>= 0x0600 and <= 0x0605) or 0x06DD or 0x070F or 0x08E2 => rune, // Signs of Arabic that can be seen.
            >= 0xE0100 and <= 0xE01EF => null, // Variation selectors, known as a hiding place for text.
            _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                ? null
                : rune,
        };
}
