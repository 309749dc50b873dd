using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Missions;

/// <summary>
/// One record as its changes make it: last write wins, per field, exactly as on the device (PROTOCOL 2). It is an
/// accumulator: changes are applied in (created_at, id) order, each once, since a fold is neither commutative nor
/// idempotent. It knows no clock and no I/O.
/// </summary>
public sealed class RecordFold(LogGeneration generation)
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    // What writes a record is kept for the next one: a fold from nothing writes hundreds of thousands.
    private const int KeptBytesMax = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    private FieldMap<Field>? _fields;

    /// <summary>Whether there is a record at all, live or softly deleted.</summary>
    public bool Exists => _fields is not null;

    /// <summary>The created_at of the row whose `iterations` stand here now.</summary>
    public DateTimeOffset? IterationsAt { get; private set; }

    /// <summary>Goes on from what an earlier fold left.</summary>
    public static RecordFold Resume(
        LogGeneration generation,
        ReadOnlyMemory<byte>? record,
        ReadOnlyMemory<byte>? fieldTimes,
        DateTimeOffset? iterationsAt
    )
    {
        var fold = new RecordFold(generation);
        if (record is null)
        {
            return fold;
        }

        var times =
            ChangeDecoder.ReadTimes(fieldTimes) ?? throw new InvalidDataException("Stored times are broken");
        fold.IterationsAt = iterationsAt;
        var data = ChangeDecoder.ReadData(record) ?? new(0);
        fold._fields = new(data.Count);
        foreach (var (name, json) in data.Span)
        {
            if (name != "id")
            {
                fold._fields.Set(name, new Field(json, times.TryGetValue(name, out var time) ? time : null));
            }
        }

        return fold;
    }

    public void Apply(Change change)
    {
        switch (change.Op)
        {
            case ChangeOp.Delete when change.DeletedAt is { } deletedAt:
                DeleteSoftly(deletedAt);
                break;
            case ChangeOp.Delete:
                _fields = null;
                IterationsAt = null;
                break;
            case ChangeOp.Insert:
            case ChangeOp.Update when change.Fields.Length > 0:
                Write(change);
                break;
        }
    }

    /// <summary>The raw JSON of a field, or null where the record has none of that name.</summary>
    public ReadOnlyMemory<byte>? this[string name] =>
        _fields is not null && _fields.TryGetValue(name, out var field)
            ? field.Json
            : default(ReadOnlyMemory<byte>?); // A bare null would turn into an empty memory.

    /// <summary>A field that is a text; null for anything else.</summary>
    public string? Text(string name) => this[name] is { } json ? ChangeDecoder.TextOf(json) : null;

    /// <summary>Whether a field is a text that begins so.</summary>
    public bool StartsWith(string name, string prefix) =>
        this[name] is { } json && ChangeDecoder.TextStartsWith(json, prefix);

    /// <summary>The time that an incoming write of this field is compared with.</summary>
    public string StoredTime(string name) => StoredTime(name, Floor());

    /// <summary>The stored times of all fields but these; fields without a time of their own have none here.</summary>
    public IEnumerable<string> Times(params IReadOnlyCollection<string> except) =>
        (_fields ?? new(0))
            .Where(field => !except.Contains(field.Key, StringComparer.Ordinal))
            .Select(field => field.Value.Time)
            .OfType<string>();

    /// <summary>The record as the device stores it, with its id; null where there is none.</summary>
    public ReadOnlyMemory<byte>? RecordJson(string recordId)
    {
        if (_fields is null)
        {
            return null;
        }

        return WriteObject(writer =>
        {
            writer.WriteString("id", recordId);
            foreach (var (name, field) in _fields.Span)
            {
                writer.WritePropertyName(name);
                writer.WriteRawValue(field.Json.Span, skipInputValidation: true);
            }
        });
    }

    /// <summary>The stored time of each field; null where there is no record.</summary>
    public ReadOnlyMemory<byte>? FieldTimesJson()
    {
        if (_fields is null)
        {
            return null;
        }

        return WriteObject(writer =>
        {
            foreach (var (name, field) in _fields.Span)
            {
                if (field.Time is not null)
                {
                    writer.WriteString(name, field.Time);
                }
            }
        });
    }

    private void Write(Change change)
    {
        // The floor is that of the state before this row, also while the row moves `updatedAt` itself.
        var floor = Floor();
        _fields ??= new(change.Fields.Length);
        foreach (var (name, json, time) in change.Fields)
        {
            if (!IsReserved(name) && FieldClock.Wins(time, StoredTime(name, floor)))
            {
                _fields.Set(name, new Field(json, time));
                if (name == "iterations")
                {
                    IterationsAt = change.Position.CreatedAt;
                }
            }
        }
    }

    private void DeleteSoftly(string deletedAt)
    {
        if (_fields is null)
        {
            return; // Nothing is remembered: a later insert or update, however old, creates the record.
        }

        var stored = _fields.TryGetValue("deletedAt", out var field)
            ? field.Time ?? ChangeDecoder.TextOf(field.Json)
            : null;
        if (!FieldClock.Wins(deletedAt, stored ?? ""))
        {
            return;
        }

        var value = new Field(JsonSerializer.SerializeToUtf8Bytes(deletedAt), deletedAt);
        _fields.Set("deletedAt", value);
        if (generation == LogGeneration.One)
        {
            _fields.Set("updatedAt", value); // Without comparing, even where that moves it back.
        }
    }

    private string StoredTime(string name, string floor) =>
        _fields is not null && _fields.TryGetValue(name, out var field) && field.Time is { } time
            ? time
            : floor;

    /// <summary>What a field without a time of its own is compared with.</summary>
    private string Floor() => generation == LogGeneration.One ? Text("updatedAt") ?? "" : "";

    private bool IsReserved(string name) =>
        name switch
        {
            "id" => true,
            "__fieldTimestamps" or "__fieldActors" or "__lastActor" => generation == LogGeneration.One,
            "__fieldMeta" => generation == LogGeneration.Two,
            _ => false,
        };

    private static byte[] WriteObject(Action<Utf8JsonWriter> writeFields)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(KeptBytesMax);
        var writer = _writer ??= new Utf8JsonWriter(buffer, WriterOptions);
        try
        {
            writer.WriteStartObject();
            writeFields(writer);
            writer.WriteEndObject();
            writer.Flush();
            return buffer.WrittenSpan.ToArray();
        }
        finally
        {
            // What a huge record, or one that could not be written, has left is not kept.
            if (buffer.Capacity > KeptBytesMax || writer.BytesPending > 0)
            {
                (_buffer, _writer) = (null, null);
            }
            else
            {
                buffer.ResetWrittenCount();
                writer.Reset();
            }
        }
    }

    private readonly record struct Field(ReadOnlyMemory<byte> Json, string? Time);
}
