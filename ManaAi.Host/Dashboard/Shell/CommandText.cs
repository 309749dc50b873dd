namespace ManaAi.Host.Dashboard.Shell;

/// <summary>Commands as someone would type them into a shell.</summary>
public static class CommandText
{
    /// <param name="words">Those that are null are left out, and an option before such a value with it.</param>
    public static string Of(params IReadOnlyList<string?> words)
    {
        var said = new List<string>();
        foreach (var word in words)
        {
            if (word is not null)
            {
                said.Add(Quoted(word));
            }
            else if (said.Count > 0 && said[^1].StartsWith("--", StringComparison.Ordinal))
            {
                said.RemoveAt(said.Count - 1);
            }
        }

        return "mana-ai " + string.Join(' ', said);
    }

    // In single quotes nothing has a meaning but the quote itself.
    private static string Quoted(string word)
    {
        var plain = Printable.Text(word);
        return plain.Length > 0 && plain.All(IsPlain)
            ? plain
            : $"'{plain.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    private static bool IsPlain(char character) =>
        char.IsAsciiLetterOrDigit(character)
        || character is '-' or '_' or '/' or '.' or ':' or '@' or '+' or '=';
}
