using System.Text.Json;

namespace ManaAi.Actors.ChangeLog;

/// <summary>When a field was last written, as the fold compares it: text, ordinal by UTF-16 code unit.</summary>
/// <remarks>A clock is text on purpose: devices compare the text, and the service must show what devices show.</remarks>
public static class FieldClock
{
    /// <summary>Whether a write at <paramref name="incoming"/> wins; on a tie the row applied later wins.</summary>
    public static bool Wins(string incoming, string stored) => string.CompareOrdinal(incoming, stored) >= 0;

    /// <summary>The later of two clocks, as text.</summary>
    public static string Later(string left, string right) =>
        string.CompareOrdinal(left, right) >= 0 ? left : right;

    /// <summary>
    /// Reads one stamp: "ISO", null (the empty text), or {at: "ISO"}; an object without a text `at` is the empty text.
    /// The reader stands on the stamp's first token, and afterwards on its last.
    /// </summary>
    /// <param name="last">The stamp before it, which it often is again.</param>
    /// <returns>null where the stamp is a number, a boolean or an array, which no device can decode.</returns>
    public static string? Read(ref Utf8JsonReader reader, string? last = null)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return TextOf(ref reader, last);
            case JsonTokenType.Null:
                return "";
            case JsonTokenType.StartObject:
                return ReadAt(ref reader, last);
            default:
                return null;
        }
    }

    private static string TextOf(ref Utf8JsonReader reader, string? last) =>
        last is not null && reader.ValueTextEquals(last) ? last : reader.GetString()!;

    private static string ReadAt(ref Utf8JsonReader reader, string? last)
    {
        var at = "";
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isAt = reader.ValueTextEquals("at"u8);
            reader.Read();
            if (isAt)
            {
                at = reader.TokenType == JsonTokenType.String ? TextOf(ref reader, last) : "";
            }

            reader.Skip();
        }

        return at;
    }
}
