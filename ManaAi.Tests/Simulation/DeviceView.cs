using System.Text.Json;

namespace ManaAi.Tests.Simulation;

/// <summary>
/// What a device shows that has pulled these rows, said a second time and in the plainest words: per field, the write
/// with the latest stamp wins, and on a tie the row that stands later in the log. Nothing of the service's fold is in it.
/// </summary>
internal sealed class DeviceView
{
    private readonly Dictionary<string, (string Stamp, JsonElement Value)> _fields = new(
        StringComparer.Ordinal
    );

    /// <param name="rows">All of one record.</param>
    public DeviceView(IEnumerable<LogRow> rows)
    {
        foreach (var row in rows)
        {
            foreach (var field in row.Data.EnumerateObject())
            {
                var stamp = row.Stamp(field.Name);
                if (
                    !_fields.TryGetValue(field.Name, out var known)
                    || string.CompareOrdinal(stamp, known.Stamp) >= 0
                )
                {
                    _fields[field.Name] = (stamp, field.Value);
                }
            }
        }
    }

    public bool IsEmpty => _fields.Count == 0;

    public string? State => Text("state");

    public bool IsDeleted => Text("deletedAt") is not null;

    public DateTimeOffset? NextRunAt =>
        Text("nextRunAt") is { } text
            ? DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
            : null;

    /// <summary>As JSON texts.</summary>
    public IReadOnlyList<string> Iterations =>
        _fields.TryGetValue("iterations", out var known)
            ? [.. known.Value.EnumerateArray().Select(one => one.GetRawText())]
            : [];

    public string StampOf(string field) => _fields.TryGetValue(field, out var known) ? known.Stamp : "";

    /// <summary>Fields of a record that are not as they are shown here.</summary>
    public IEnumerable<string> Differences(JsonElement record) =>
        from field in _fields
        where
            record.ValueKind != JsonValueKind.Object
            || !record.TryGetProperty(field.Key, out var value)
            || !JsonElement.DeepEquals(value, field.Value.Value)
        select field.Key;

    public static IReadOnlyList<string> IterationIds(JsonElement record) =>
        record.ValueKind == JsonValueKind.Object && record.TryGetProperty("iterations", out var iterations)
            ? [.. iterations.EnumerateArray().Select(one => one.Text("id")!)]
            : [];

    public IReadOnlyList<string> IterationIds() =>
        _fields.TryGetValue("iterations", out var known)
            ? [.. known.Value.EnumerateArray().Select(one => one.Text("id")!)]
            : [];

    private string? Text(string field) =>
        _fields.TryGetValue(field, out var known) && known.Value.ValueKind == JsonValueKind.String
            ? known.Value.GetString()
            : null;
}
