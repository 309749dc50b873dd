using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ManaAi.Actors.Planning;

/// <summary>A message of our own words with foreign texts in fences that those texts cannot close.</summary>
/// <remarks>
/// The code in the fence is a hash of all the foreign text of the message, so whoever writes the text cannot know
/// it: every attempt to put it in changes it. Should a text hold it after all, the next code is taken. What looks
/// like a fence or like the control tokens of chat templates is bent besides, for models that do not look closely.
/// </remarks>
internal sealed class FencedText
{
    private readonly List<Part> _parts = [];

    /// <summary>Adds words of our own.</summary>
    public FencedText Say(string words)
    {
        _parts.Add(new(null, words));
        return this;
    }

    /// <summary>Adds a foreign text; one that is empty or ciphertext is left out.</summary>
    public FencedText Fence(string name, string? foreign, int charsMax)
    {
        var text = ForeignText.Clip(foreign ?? "", charsMax);
        if (!ForeignText.IsBlank(text) && !ForeignText.IsCiphertext(text))
        {
            _parts.Add(new(name, Bend(text)));
        }

        return this;
    }

    public override string ToString()
    {
        var code = Code();
        var text = new StringBuilder($"The code of this message is {code}.\n");
        foreach (var part in _parts)
        {
            text.Append('\n');
            if (part.FenceName is { } name)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"<data-{code} name=\"{name}\">\n{part.Text}\n</data-{code}>\n"
                );
            }
            else
            {
                text.Append(part.Text).Append('\n');
            }
        }

        return text.ToString();
    }

    private string Code()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in _parts.Where(part => part.FenceName is not null))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{part.FenceName}\n{part.Text.Length}\n{part.Text}\n"));
        }

        string code;
        do
        {
            code = Convert.ToHexStringLower(hash.GetCurrentHash().AsSpan(0, 8));
            hash.AppendData("next"u8);
        } while (_parts.Exists(part => part.Text.Contains(code, StringComparison.OrdinalIgnoreCase)));

        return code;
    }

    /// <summary>Bends what looks like a fence or a control token; the text reads the same to a person.</summary>
    public static string Bend(string text)
    {
        var bent = new StringBuilder(text);
        for (var at = text.IndexOf('<'); at >= 0; at = text.IndexOf('<', at + 1))
        {
            if (IsLookalike(text.AsSpan(at + 1)))
            {
                bent[at] = '‹';
            }
        }

        return bent.ToString();
    }

    private static bool IsLookalike(ReadOnlySpan<char> rest) =>
        rest is ['|', ..] || rest.TrimStart(" \t\n/").StartsWith("data", StringComparison.OrdinalIgnoreCase);

    /// <param name="FenceName">Null where the words are ours.</param>
    private sealed record Part(string? FenceName, string Text);
}
