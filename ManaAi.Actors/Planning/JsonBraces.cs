using System.Text;

namespace ManaAi.Actors.Planning;

/// <summary>What can be told about JSON text without reading it as JSON. All of it is one pass over the text.</summary>
internal static class JsonBraces
{
    /// <summary>Follows the object that opens at <paramref name="start"/> to the brace that closes it.</summary>
    /// <returns>One past that brace, -1 where none closes it, and how deep braces and brackets nest in it.</returns>
    public static (int End, int Depth) Follow(ReadOnlySpan<char> text, int start)
    {
        var (braces, brackets, deepest, isInString) = (0, 0, 0, false);
        var at = start;
        while (at < text.Length)
        {
            var character = text[at++];
            if (character == '"')
            {
                isInString = !isInString;
            }
            else if (isInString)
            {
                at += character == '\\' ? 1 : 0; // Whatever is escaped, it closes nothing.
            }
            else
            {
                braces += Step(character, '{', '}');
                brackets += Step(character, '[', ']');
                deepest = Math.Max(deepest, braces + brackets);
                if (braces == 0)
                {
                    return (at, deepest);
                }
            }
        }

        return (-1, deepest);
    }

    private static int Step(char character, char opens, char closes)
    {
        if (character == opens)
        {
            return 1;
        }

        return character == closes ? -1 : 0;
    }

    /// <summary>Whether a brace begins as JSON does, with a name in double quotes or with its end.</summary>
    public static bool OpensJson(ReadOnlySpan<char> text, int start) =>
        text[(start + 1)..].TrimStart(" \r\n\t") is ['"' or '}', ..];

    /// <summary>Replaces escapes of half a surrogate pair, which the JSON reader accepts and then cannot give out.</summary>
    public static string MendSurrogates(ReadOnlySpan<char> text)
    {
        if (!text.Contains("\\u", StringComparison.Ordinal))
        {
            return text.ToString();
        }

        var mended = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; )
        {
            var length = EscapeLength(text[at..]);
            var isPair = IsHalf(text[at..], "89abAB") && IsHalf(text[(at + length)..], "cdefCDEF");
            var isLone = !isPair && IsHalf(text[at..], "89abcdefABCDEF");
            length = isPair ? length * 2 : length;
            mended.Append(isLone ? "\\ufffd" : text.Slice(at, length));
            at += length;
        }

        return mended.ToString();
    }

    private static int EscapeLength(ReadOnlySpan<char> text) =>
        text switch
        {
            ['\\', 'u', ..] => Math.Min(6, text.Length),
            ['\\', _, ..] => 2,
            _ => 1,
        };

    private static bool IsHalf(ReadOnlySpan<char> text, ReadOnlySpan<char> thirdDigits) =>
        text is ['\\', 'u', 'd' or 'D', var half, var next, var last, ..]
        && thirdDigits.Contains(half)
        && char.IsAsciiHexDigit(next)
        && char.IsAsciiHexDigit(last);
}
