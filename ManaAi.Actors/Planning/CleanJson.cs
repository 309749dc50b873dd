using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>Writes JSON of a model so that jsonb can hold it and a device reads what was checked.</summary>
internal static class CleanJson
{
    // Beyond this, neighbouring integers are one and the same number to a device.
    private const long IntegerMax = 1L << 53;

    /// <param name="fault">What cannot be written, as the end of "the params hold …".</param>
    public static bool TryWriteObject(
        IEnumerable<KeyValuePair<string, JsonElement>> members,
        Utf8JsonWriter writer,
        [NotNullWhen(false)] out string? fault
    )
    {
        fault = null;
        var names = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        foreach (var (name, value) in members)
        {
            var clean = ForeignText.Clean(name);
            if (!names.Add(clean))
            {
                fault = $"the member {ForeignText.Quote(name)} twice; name each member once";
                return false;
            }

            writer.WritePropertyName(clean);
            if (!TryWrite(value, writer, out fault))
            {
                return false;
            }
        }

        writer.WriteEndObject();
        return true;
    }

    /// <summary>Whether a device would read the number as one: 1e999 is infinite to it.</summary>
    public static bool IsDeviceNumber(JsonElement number) =>
        number.TryGetDouble(out var value) && double.IsFinite(value);

    /// <summary>What a value is, for a sentence that says what it should have been.</summary>
    public static string KindOf(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => $"the text {ForeignText.Quote(value.GetString()!)}",
            JsonValueKind.Number when IsDeviceNumber(value) =>
                $"the number {ForeignText.Quote(value.GetRawText())}",
            JsonValueKind.Number => "a number beyond what a device can hold",
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Array => "a list",
            JsonValueKind.Object => "an object",
            _ => "null",
        };

    private static bool TryWrite(
        JsonElement value,
        Utf8JsonWriter writer,
        [NotNullWhen(false)] out string? fault
    )
    {
        fault = null;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var members = value
                    .EnumerateObject()
                    .Select(member => KeyValuePair.Create(member.Name, member.Value));
                return TryWriteObject(members, writer, out fault);
            case JsonValueKind.Array:
                return TryWriteArray(value, writer, out fault);
            case JsonValueKind.String:
                writer.WriteStringValue(ForeignText.Clean(value.GetString()!));
                return true;
            case JsonValueKind.Number:
                return TryWriteNumber(value, writer, out fault);
            default:
                value.WriteTo(writer);
                return true;
        }
    }

    private static bool TryWriteArray(
        JsonElement value,
        Utf8JsonWriter writer,
        [NotNullWhen(false)] out string? fault
    )
    {
        writer.WriteStartArray();
        foreach (var item in value.EnumerateArray())
        {
            if (!TryWrite(item, writer, out fault))
            {
                return false;
            }
        }

        writer.WriteEndArray();
        fault = null;
        return true;
    }

    private static bool TryWriteNumber(
        JsonElement value,
        Utf8JsonWriter writer,
        [NotNullWhen(false)] out string? fault
    )
    {
        fault = IsDeviceNumber(value) ? null : "a number beyond what a device can hold";
        if (fault is not null)
        {
            return false;
        }

        if (value.TryGetInt64(out var integer) && integer is >= -IntegerMax and <= IntegerMax)
        {
            writer.WriteNumberValue(integer);
        }
        else
        {
            writer.WriteNumberValue(value.GetDouble());
        }

        return true;
    }
}
