using System.Globalization;
using System.Text;
using System.Text.Json;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.ChangeLog;

/// <summary>Folds rows out of a file, of any users, records and both generations mixed.</summary>
public static class LogFile
{
    /// <param name="json">A JSON array of rows as json_agg gives them, in UTF-8.</param>
    /// <exception cref="InvalidDataException">It is no such array; the message says why.</exception>
    public static FoldedLog Fold(ReadOnlyMemory<byte> json)
    {
        using var document = Parse(json);
        var faults = new List<string>();
        var rows = document
            .RootElement.EnumerateArray()
            .Select((row, index) => Read(row, index, faults))
            .OfType<FileRow>()
            .OrderBy(row => row.CreatedAt)
            .ThenBy(row => row.IdText, StringComparer.Ordinal)
            .ThenBy(row => row.Index)
            .ToArray();
        var records = rows.GroupBy(row => row.Key)
            .OrderBy(group => group.Min(row => row.Index))
            .Select(group => Fold(group.Key, group, faults))
            .ToArray();
        return new FoldedLog(records, faults);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        var bytes = json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json;
        JsonDocument document;
        try
        {
            // Rows stand two levels deeper than the data in them.
            document = JsonDocument.Parse(
                bytes,
                new JsonDocumentOptions { MaxDepth = ChangeDecoder.JsonDepthMax + 8 }
            );
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(exception.Message, exception);
        }

        // json_agg over no rows gives NULL, which psql prints as nothing and JSON writes as null.
        return document.RootElement.ValueKind switch
        {
            JsonValueKind.Array => document,
            JsonValueKind.Null => JsonDocument.Parse("[]"),
            var kind => throw new InvalidDataException(
                $"it holds {kind.ToString().ToLowerInvariant()} where an array was expected"
            ),
        };
    }

    private static FileRow? Read(JsonElement row, int index, List<string> faults)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            faults.Add($"Row {index}: it is no object; it does nothing");
            return null;
        }

        try
        {
            return ReadColumns(row, index, faults);
        }
        catch (InvalidOperationException)
        {
            faults.Add($"Row {index}: it holds text that is not Unicode; it does nothing");
            return null;
        }
    }

    private static FileRow? ReadColumns(JsonElement row, int index, List<string> faults)
    {
        var key = new RecordKey(
            Text(row, "user_id") ?? "",
            Text(row, "app_id") ?? RecordKey.App,
            Text(row, "table_name") ?? RecordKey.MissionsTable,
            Text(row, "record_id") ?? ""
        );
        var createdAtText = Text(row, "created_at") ?? "";
        if (!TryReadInstant(createdAtText, out var createdAt))
        {
            faults.Add($"Row {index} of {key}: its created_at is no timestamp; it does nothing");
            return null;
        }

        return new FileRow(row, index, key, createdAt, (Text(row, "id") ?? "").ToLowerInvariant());
    }

    private static FoldedLogRecord Fold(RecordKey key, IEnumerable<FileRow> rows, List<string> faults)
    {
        var all = rows.ToArray();
        var isSecond = all.Any(row => row.Element.TryGetProperty("field_meta", out _));
        var projection = new RecordProjection(isSecond ? LogGeneration.Two : LogGeneration.One, key);
        foreach (var row in all)
        {
            var before = projection.Unfolded.Count;
            projection.Add(row.ToChangeRow(isSecond ? "field_meta" : "field_timestamps"));
            faults.AddRange(
                projection
                    .Unfolded.Skip(before)
                    .Select(unfolded => $"Row {row.Index} of {key}: {unfolded.Reason}; it does nothing")
            );
        }

        var stored = projection.ToRecord().Stored;
        return new FoldedLogRecord(key, stored.Record, stored.FieldTimes);
    }

    private static string? Text(JsonElement row, string name) =>
        row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    /// <summary>As PostgreSQL writes timestamptz into JSON: ISO with an offset, which may have no minutes.</summary>
    private static bool TryReadInstant(string text, out DateTimeOffset instant) =>
        DateTimeOffset.TryParse(
            text,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out instant
        );

    /// <summary>The records as the command prints them: one a line, each as the fold left it, byte for byte.</summary>
    internal static string Write(IEnumerable<FoldedLogRecord> records)
    {
        using var buffer = new MemoryStream();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true });
        writer.WriteStartArray();
        foreach (var (key, record, fieldTimes) in records)
        {
            writer.WriteStartObject();
            writer.WriteString("userId", key.UserId);
            writer.WriteString("appId", key.AppId);
            writer.WriteString("tableName", key.TableName);
            writer.WriteString("recordId", key.RecordId);
            WriteRaw(writer, "record", record);
            WriteRaw(writer, "fieldTimes", fieldTimes);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteRaw(Utf8JsonWriter writer, string name, ReadOnlyMemory<byte>? json)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(json is { } bytes ? bytes.Span : "null"u8, skipInputValidation: true);
    }

    private sealed record FileRow(
        JsonElement Element,
        int Index,
        RecordKey Key,
        DateTimeOffset CreatedAt,
        string IdText
    )
    {
        public ChangeRow ToChangeRow(string stampsColumn) =>
            new(
                Key,
                new ChangePosition(CreatedAt, Guid.TryParse(IdText, out var id) ? id : Guid.Empty),
                Text(Element, "op") ?? "",
                Raw("data"),
                Raw(stampsColumn),
                SchemaVersion(),
                Raw("actor") is { } actor && ChangeRow.RefusesActor(actor.Span)
            );

        /// <summary>json_agg makes SQL NULL and jsonb null the same, so null is SQL NULL here.</summary>
        private ReadOnlyMemory<byte>? Raw(string name) =>
            Element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
                ? Encoding.UTF8.GetBytes(value.GetRawText())
                : default(ReadOnlyMemory<byte>?);

        private int SchemaVersion() =>
            Element.TryGetProperty("schema_version", out var value)
            && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var version)
                ? version
                : 1;
    }
}

/// <param name="Record">null where nothing is left.</param>
public sealed record FoldedLogRecord(
    RecordKey Key,
    ReadOnlyMemory<byte>? Record,
    ReadOnlyMemory<byte>? FieldTimes
);

/// <param name="Faults">Rows that did nothing, one sentence each; no data of theirs.</param>
public sealed record FoldedLog(IReadOnlyList<FoldedLogRecord> Records, IReadOnlyList<string> Faults)
{
    /// <summary>[{userId, appId, tableName, recordId, record, fieldTimes}], the last two null where nothing is left.</summary>
    public string ToJson() => LogFile.Write(Records);
}
