using System.Text;
using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Tests.ChangeLog;

/// <summary>Rows as JSON objects with the columns of the change log, and as what the feed makes of them.</summary>
internal static class LogRows
{
    public static string StampsColumn(LogGeneration generation) =>
        generation == LogGeneration.One ? "field_timestamps" : "field_meta";

    /// <summary>As the feed reads it: SQL NULL for null, and jsonb's text for the rest.</summary>
    public static ChangeRow ToChangeRow(JsonObject row, LogGeneration generation, int index)
    {
        var actor = Json(row["actor"]);
        return new ChangeRow(
            KeyOf(row),
            new ChangePosition(
                DateTimeOffset.Parse(
                    row["created_at"]!.GetValue<string>(),
                    System.Globalization.CultureInfo.InvariantCulture
                ),
                row["id"] is { } id ? Guid.Parse(id.GetValue<string>()) : GuidOf(index)
            ),
            row["op"]!.GetValue<string>(),
            JsonbText.Of(Json(row["data"])),
            JsonbText.Of(Json(row[StampsColumn(generation)])),
            row["schema_version"]?.GetValue<int>() ?? 1,
            actor is { } json && ChangeRow.RefusesActor(json.Span)
        );
    }

    public static RecordKey KeyOf(JsonObject row) =>
        new(
            row["user_id"]?.GetValue<string>() ?? "",
            row["app_id"]?.GetValue<string>() ?? RecordKey.App,
            row["table_name"]?.GetValue<string>() ?? RecordKey.MissionsTable,
            row["record_id"]!.GetValue<string>()
        );

    /// <summary>An id that stands where its number stands.</summary>
    public static Guid GuidOf(int number) => new(number, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);

    /// <summary>As a projection row comes back from the database.</summary>
    public static StoredRecord Reloaded(StoredRecord stored) =>
        stored with
        {
            Record = JsonbText.Of(stored.Record),
            FieldTimes = JsonbText.Of(stored.FieldTimes),
        };

    private static ReadOnlyMemory<byte>? Json(JsonNode? value) =>
        value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value.ToJsonString());
}
