using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ManaAi.Host.Internal;

/// <summary>Where a page ended, as a word that callers send back as it is.</summary>
internal static class PageCursor
{
    // Nobody reads it: as few bytes as can be.
    private static readonly JsonSerializerOptions Short = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    // Two ids of the greatest length, in a form that makes three bytes four.
    private const int CharactersMax = 4000;

    /// <param name="list">Which list it is of: a cursor of another one is refused and not misread.</param>
    public static string Write(string list, params IReadOnlyList<string> parts) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes((string[])[list, .. parts], Short));

    /// <returns>The parts, or null where it is no cursor of this list.</returns>
    public static IReadOnlyList<string>? Read(string list, int parts, string cursor)
    {
        if (cursor.Length > CharactersMax || !Base64Url.IsValid(cursor))
        {
            return null;
        }

        try
        {
            var read = JsonSerializer.Deserialize<string?[]>(Base64Url.DecodeFromChars(cursor));
            return
                read?.Length == parts + 1
                && read[0] == list
                // PostgreSQL takes no NUL, so none was ever in a list.
                && Array.TrueForAll(read, part => part?.Contains('\0') == false)
                ? [.. read[1..].Select(part => part!)]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
