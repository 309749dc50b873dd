using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using ManaAi.Actors.Missions;

namespace ManaAi.Actors.ChangeLog;

/// <summary>Folds rows out of a file, of any users, records and both generations mixed.</summary>
public static class LogFile
{
    // A row too deep for the decoder is a fault of that row, so the file may be deeper. The bound is beyond what
    // PostgreSQL itself takes into jsonb, and is there because the parser's time grows with the square of the depth.
    private const int FileDepthMax = 10_000;

    private static readonly string[] InstantFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzz",
        "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFzz",
    ];

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
            .Select(group => Fold(group.Key, [.. group], faults))
            .ToArray();
        return new FoldedLog(records, faults);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        var bytes = json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json;
        if (bytes.IsEmpty)
        {
            throw new InvalidDataException("it is empty");
        }

        if (!Utf8.IsValid(bytes.Span))
        {
            throw new InvalidDataException("it is not UTF-8");
        }

        // json_agg over no rows gives NULL, which psql prints as an empty line; nothing at all is a psql that failed.
        if (bytes.Span.Trim(" \t\r\n"u8).IsEmpty)
        {
            return JsonDocument.Parse("[]");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = FileDepthMax });
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(exception.Message.TrimEnd('.'), exception);
        }

        // Some write json_agg's NULL as null.
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
        if (!TryReadInstant(Text(row, "created_at") ?? "", out var createdAt))
        {
            faults.Add($"Row {index} of {key}: its created_at is no timestamp; it does nothing");
            return null;
        }

        if (SchemaVersion(row) is not { } schemaVersion)
        {
            faults.Add($"Row {index} of {key}: its schema_version is no number; it does nothing");
            return null;
        }

        var idText = (Text(row, "id") ?? "").ToLowerInvariant();
        var hasMeta = row.TryGetProperty("field_meta", out _);
        var change = new ChangeRow(
            key,
            new ChangePosition(createdAt, Guid.TryParse(idText, out var id) ? id : Guid.Empty),
            Text(row, "op") ?? "",
            Raw(row, "data"),
            Raw(row, hasMeta ? "field_meta" : "field_timestamps"),
            schemaVersion,
            Raw(row, "actor") is { } actor && ChangeRow.RefusesActor(actor.Span)
        );
        return new FileRow(change, index, idText, hasMeta);
    }

    private static FoldedLogRecord Fold(RecordKey key, FileRow[] rows, List<string> faults)
    {
        var generation = Array.Exists(rows, row => row.HasMeta) ? LogGeneration.Two : LogGeneration.One;
        var projection = new RecordProjection(generation, key);
        foreach (var row in rows)
        {
            var before = projection.Unfolded.Count;
            projection.Add(row.Change);
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

    /// <summary>json_agg makes SQL NULL and jsonb null the same, so null is SQL NULL here.</summary>
    private static ReadOnlyMemory<byte>? Raw(JsonElement row, string name) =>
        row.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? JsonMarshal.GetRawUtf8Value(value).ToArray()
            : default(ReadOnlyMemory<byte>?);

    /// <returns>1 where the row has none; null where it has something that is no number.</returns>
    private static int? SchemaVersion(JsonElement row)
    {
        if (!row.TryGetProperty("schema_version", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return 1;
        }

        // What is between or beyond whole numbers is rounded up: a newer row must not pass for an old one.
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var version)
            ? (int)Math.Clamp(Math.Ceiling(version), int.MinValue, int.MaxValue)
            : null;
    }

    /// <summary>As PostgreSQL writes timestamptz, into JSON or as text, where an offset may have no minutes.</summary>
    private static bool TryReadInstant(string text, out DateTimeOffset instant) =>
        DateTimeOffset.TryParseExact(
            text,
            InstantFormats,
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

    private sealed record FileRow(ChangeRow Change, int Index, string IdText, bool HasMeta)
    {
        public RecordKey Key => Change.Key;

        public DateTimeOffset CreatedAt => Change.Position.CreatedAt;
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
