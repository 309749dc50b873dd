using System.Text;
using System.Text.RegularExpressions;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <summary>Looks for a prompt in texts as someone would who got hold of them: decodes them every way and compares.</summary>
internal sealed partial class PromptLeak
{
    private readonly HashSet<string> _pieces;

    public PromptLeak(string prompt)
    {
        // The tools and what they do are no secret: a plan may well use their words.
        var rules = Letters(prompt.Split(PromptTexts.ToolList)[0]);
        _pieces =
        [
            .. Enumerable
                .Range(0, rules.Length - PromptEcho.CharactersMax)
                .Select(at => rules.Substring(at, PromptEcho.CharactersMax)),
        ];
    }

    public bool IsIn(string text) => Readings(text).Any(reading => Holds(Letters(reading)));

    private bool Holds(ReadOnlySpan<char> letters)
    {
        var pieces = _pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var at = 0; at + PromptEcho.CharactersMax <= letters.Length; at++)
        {
            if (pieces.Contains(letters.Slice(at, PromptEcho.CharactersMax)))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<string> Readings(string text)
    {
        yield return text;
        yield return string.Concat(text.Reverse());
        yield return string.Concat(
            text.Select(letter => char.IsAsciiLetter(letter) ? Rot13(letter) : letter)
        );
        foreach (Match run in Encoded().Matches(text))
        {
            var bytes = new byte[run.Length];
            for (var from = 0; from < 4; from++)
            {
                var whole = run.Value[from..];
                if (Convert.TryFromBase64String(whole[..(whole.Length / 4 * 4)], bytes, out var count))
                {
                    yield return Encoding.UTF8.GetString(bytes, 0, count);
                }
            }

            if (run.Value.All(char.IsAsciiHexDigit))
            {
                yield return Encoding.UTF8.GetString(
                    Convert.FromHexString(run.Value[..(run.Length / 2 * 2)])
                );
            }
        }
    }

    private static char Rot13(char letter) =>
        (char)(letter + (char.ToLowerInvariant(letter) <= 'm' ? 13 : -13));

    private static string Letters(string text) =>
        string.Concat(text.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    [GeneratedRegex("[A-Za-z0-9+/]{60,}={0,2}")]
    private static partial Regex Encoded();
}
