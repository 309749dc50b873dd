using System.Text.Encodings.Web;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Host.Dashboard.Missions;

/// <summary>A field of a record as it stands, and who wrote it when.</summary>
/// <param name="Json">Laid out for reading; cut where it is long.</param>
/// <param name="Time">When the device says that it was written.</param>
/// <param name="Writer">The row that wrote it; null where that cannot be told.</param>
public sealed record RecordField(string Name, string Json, bool IsCut, string? Time, FieldWriter? Writer)
{
    /// <summary>Short enough for its line in the table.</summary>
    public bool IsShort => Json.Length <= 90 && !Json.Contains('\n', StringComparison.Ordinal);
}

internal static class MissionRecord
{
    private const int CharactersMax = 20_000;

    // What may stand in HTML is decided where it becomes HTML.
    private static readonly JsonSerializerOptions Layout = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = ChangeDecoder.JsonDepthMax + 1,
    };

    public static IReadOnlyList<RecordField> FieldsOf(MissionDetails details)
    {
        if (details.Record is not { } json)
        {
            return [];
        }

        using var record = JsonDocument.Parse(json, RecordJson.Options);
        using var times = JsonDocument.Parse(details.FieldTimes ?? "{}"u8.ToArray(), RecordJson.Options);
        return
        [
            .. record
                .RootElement.EnumerateObject()
                .Select(field =>
                    FieldOf(field, times.RootElement, details.Writers?.GetValueOrDefault(field.Name))
                )
                .OrderByDescending(field => field.Writer?.CreatedAt)
                .ThenBy(field => field.Name, StringComparer.Ordinal),
        ];
    }

    private static RecordField FieldOf(JsonProperty field, JsonElement times, FieldWriter? writer)
    {
        var text = Printable.Json(JsonSerializer.Serialize(field.Value, Layout));
        var time = times.Text(field.Name);
        return text.Length > CharactersMax
            ? new RecordField(field.Name, text[..CharactersMax], true, writer?.At ?? time, writer)
            : new RecordField(field.Name, text, false, writer?.At ?? time, writer);
    }
}
