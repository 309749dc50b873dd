using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace ManaAi.Actors.ChangeLog;

/// <summary>What a row does to its record.</summary>
public enum ChangeOp
{
    Insert,
    Update,
    Delete,
}

/// <summary>One row of the change log, decoded: what the fold needs, and where the row stands.</summary>
/// <param name="Fields">
/// insert and update: the fields that the row writes, as raw JSON, each with its time. An update's field without a
/// time, and a time without a field, are already left out.
/// </param>
/// <param name="DeletedAt">delete: the text of data.deletedAt, or null for a hard delete.</param>
public sealed record Change(
    ChangePosition Position,
    ChangeOp Op,
    ImmutableArray<ChangedField> Fields,
    string? DeletedAt
);

/// <param name="Json">The value as JSON text in UTF-8.</param>
public readonly record struct ChangedField(string Name, ReadOnlyMemory<byte> Json, string Time);

/// <summary>A row of the change log as the database or a file gives it, JSON columns still as text.</summary>
/// <param name="Stamps">field_timestamps or field_meta.</param>
/// <param name="IsActorRefused">The actor is there and neither an object nor an array: devices drop such a row.</param>
public sealed record ChangeRow(
    RecordKey Key,
    ChangePosition Position,
    string Op,
    ReadOnlyMemory<byte>? Data,
    ReadOnlyMemory<byte>? Stamps,
    int SchemaVersion,
    bool IsActorRefused
)
{
    /// <summary>The highest schema_version that this service understands.</summary>
    public const int SchemaVersionMax = 1;

    /// <summary>The row's 32-bit transaction id as read; 0 where it did not come from the database.</summary>
    public long Xid { get; init; }

    /// <summary>Its record_id was too long to be kept, and was left out of the key.</summary>
    public bool IsIdTooLong { get; init; }

    public long JsonBytes => (Data?.Length ?? 0L) + (Stamps?.Length ?? 0L);

    public bool IsNewerSchema => SchemaVersion > SchemaVersionMax;

    /// <summary>Whether the actor column, as JSON, makes devices drop the row (vectors/: rows that are refused).</summary>
    public static bool RefusesActor(ReadOnlySpan<byte> json) =>
        json.TrimStart(" \t\r\n"u8) is not [(byte)'{' or (byte)'[', ..];
}

/// <summary>What decoding made of a row.</summary>
public abstract record DecodedChange
{
    private DecodedChange() { } // Closed: only the cases below can exist.

    public sealed record Sound(Change Change) : DecodedChange;

    /// <summary>Devices drop such a row before they merge; so do we, without a word.</summary>
    public sealed record Refused : DecodedChange;

    /// <param name="Reason">For an operator; holds no data of the row.</param>
    public sealed record Undecodable(string Reason) : DecodedChange;
}

/// <summary>Turns rows into changes by the rules of the device (PROTOCOL 2). Pure; it never throws for data.</summary>
public static class ChangeDecoder
{
    /// <summary>Devices know no depth limit; ours keeps hostile data from exhausting the stack.</summary>
    public const int JsonDepthMax = 1000;

    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = JsonDepthMax };

    public static DecodedChange Decode(ChangeRow row)
    {
        if (row.Key.RecordId.Length == 0 || row.IsActorRefused)
        {
            return new DecodedChange.Refused();
        }

        try
        {
            return DecodeOrThrow(row);
        }
        catch (JsonException)
        {
            return new DecodedChange.Undecodable($"its JSON is broken or nested deeper than {JsonDepthMax}");
        }
        catch (InvalidOperationException)
        {
            // Utf8JsonReader says so of text that is no UTF-16, such as half a surrogate pair.
            return new DecodedChange.Undecodable("it holds text that is not Unicode");
        }
    }

    private static DecodedChange DecodeOrThrow(ChangeRow row)
    {
        EnsureUnicode(row.Data);
        var data = ReadData(row.Data);
        var times = ReadTimes(row.Stamps);
        if (data is null)
        {
            return new DecodedChange.Undecodable("its data is neither an object nor null");
        }

        if (times is null)
        {
            return new DecodedChange.Undecodable("its times are no object, or one of them is no text");
        }

        switch (row.Op)
        {
            case "insert":
                return DecodeInsert(row, data);
            case "update":
                return Sound(row, ChangeOp.Update, FieldsWithTimes(data, times));
            case "delete":
                var deletedAt = data.TryGetValue("deletedAt", out var json) ? TextOf(json) : null;
                return Sound(row, ChangeOp.Delete, [], string.IsNullOrEmpty(deletedAt) ? null : deletedAt);
            default:
                return new DecodedChange.Undecodable("its op is none of insert, update and delete");
        }
    }

    /// <summary>
    /// Throws for half a surrogate pair in any text, however deep: nothing could read that text afterwards. The log's
    /// jsonb holds none, so the search for an escape that could be one is all that its rows pay.
    /// </summary>
    private static void EnsureUnicode(ReadOnlyMemory<byte>? json)
    {
        if (json is not { } bytes || !MayHoldSurrogate(bytes.Span))
        {
            return;
        }

        var reader = new Utf8JsonReader(bytes.Span, ReaderOptions);
        while (reader.Read())
        {
            if (
                reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String
                && reader.ValueIsEscaped
            )
            {
                reader.GetString();
            }
        }
    }

    private static bool MayHoldSurrogate(ReadOnlySpan<byte> json)
    {
        var escape = json.IndexOf((byte)'\\');
        return escape >= 0
            && (json[escape..].IndexOf("\\ud"u8) >= 0 || json[escape..].IndexOf("\\uD"u8) >= 0);
    }

    private static DecodedChange DecodeInsert(ChangeRow row, FieldMap<ReadOnlyMemory<byte>> data)
    {
        // A whole row has one time, and its times column is never read (but must be readable).
        var time = IsoText.Milliseconds(row.Position.CreatedAt);
        foreach (var name in (ReadOnlySpan<string>)["updatedAt", "createdAt"])
        {
            if (!data.TryGetValue(name, out var json) || IsNull(json))
            {
                continue;
            }

            if (TextOf(json) is not { } text)
            {
                return new DecodedChange.Undecodable($"its {name} is no text");
            }

            time = text;
            break;
        }

        var fields = new ChangedField[data.Count];
        for (var each = 0; each < fields.Length; each++)
        {
            var (name, json) = data.Span[each];
            fields[each] = new ChangedField(name, json, time);
        }

        return Sound(row, ChangeOp.Insert, ImmutableCollectionsMarshal.AsImmutableArray(fields));
    }

    private static ImmutableArray<ChangedField> FieldsWithTimes(
        FieldMap<ReadOnlyMemory<byte>> data,
        FieldMap<string> times
    )
    {
        var fields = new ChangedField[Math.Min(data.Count, times.Count)];
        var count = 0;
        foreach (var (name, json) in data.Span)
        {
            if (times.TryGetValue(name, out var time))
            {
                fields[count++] = new ChangedField(name, json, time);
            }
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(
            count == fields.Length ? fields : fields[..count]
        );
    }

    private static DecodedChange.Sound Sound(
        ChangeRow row,
        ChangeOp op,
        ImmutableArray<ChangedField> fields,
        string? deletedAt = null
    ) => new(new Change(row.Position, op, fields, deletedAt));

    /// <summary>The fields of an object as raw JSON; none for null; null where it is neither.</summary>
    internal static FieldMap<ReadOnlyMemory<byte>>? ReadData(ReadOnlyMemory<byte>? json)
    {
        var fields = new FieldMap<ReadOnlyMemory<byte>>(FieldsOf(json));
        if (json is not { } bytes)
        {
            return fields;
        }

        var reader = new Utf8JsonReader(bytes.Span, ReaderOptions);
        reader.Read();
        if (reader.TokenType is JsonTokenType.Null)
        {
            return fields;
        }

        if (reader.TokenType is not JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = FieldNames.Read(ref reader);
            reader.Read();
            var start = checked((int)reader.TokenStartIndex);
            reader.Skip();
            fields.Set(name, bytes[start..checked((int)reader.BytesConsumed)]);
        }

        return fields;
    }

    /// <summary>The times of an object; none for null; null where one cannot be decoded.</summary>
    internal static FieldMap<string>? ReadTimes(ReadOnlyMemory<byte>? json)
    {
        var times = new FieldMap<string>(FieldsOf(json));
        if (json is not { } bytes)
        {
            return times;
        }

        var reader = new Utf8JsonReader(bytes.Span, ReaderOptions);
        reader.Read();
        if (reader.TokenType is JsonTokenType.Null)
        {
            return times;
        }

        if (reader.TokenType is not JsonTokenType.StartObject)
        {
            return null;
        }

        string? time = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = FieldNames.Read(ref reader);
            reader.Read();
            // The fields of a row are mostly written at one time.
            time = FieldClock.Read(ref reader, time);
            if (time is null)
            {
                return null;
            }

            times.Set(name, time);
        }

        return times;
    }

    /// <summary>About how many fields an object has, so that what holds them need not grow: most rows have few.</summary>
    private static int FieldsOf(ReadOnlyMemory<byte>? json) => json is { Length: > 500 } ? 16 : 3;

    internal static bool IsNull(ReadOnlyMemory<byte> json) => json.Span.SequenceEqual("null"u8);

    /// <summary>Whether a JSON value is a string that begins so; the text itself is not made where that can be.</summary>
    internal static bool TextStartsWith(ReadOnlyMemory<byte> json, string prefix)
    {
        var reader = new Utf8JsonReader(json.Span, ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
        {
            return false;
        }

        if (reader.ValueIsEscaped)
        {
            return reader.GetString()!.StartsWith(prefix, StringComparison.Ordinal);
        }

        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(prefix.Length)];
        return reader.ValueSpan.StartsWith(bytes[..Encoding.UTF8.GetBytes(prefix, bytes)]);
    }

    /// <summary>The text of a JSON string; null for any other value.</summary>
    internal static string? TextOf(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span, ReaderOptions);
        return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
    }
}
