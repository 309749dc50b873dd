using System.Text.Json;

namespace ManaAi.Actors.Missions;

/// <summary>Reads single values of a record that devices wrote; a value of another type counts as absent.</summary>
internal static class RecordText
{
    public const string CiphertextPrefix = "enc:1:";

    public static bool IsCiphertext(string? text) =>
        text?.StartsWith(CiphertextPrefix, StringComparison.Ordinal) == true;

    public static string? Text(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out var field)
        && field.ValueKind == JsonValueKind.String
            ? field.GetString()
            : null;

    /// <summary>A text that is readable here: ciphertext counts as absent.</summary>
    public static string? Plaintext(this JsonElement value, string name) =>
        value.Text(name) is { } text && !IsCiphertext(text) ? text : null;

    public static IEnumerable<JsonElement> Array(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out var field)
        && field.ValueKind == JsonValueKind.Array
            ? field.EnumerateArray()
            : [];

    public static JsonElement? Object(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out var field)
        && field.ValueKind == JsonValueKind.Object
            ? field
            : null;
}
