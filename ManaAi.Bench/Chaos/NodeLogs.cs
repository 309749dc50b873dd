using System.Text.Json;

namespace ManaAi.Bench.Chaos;

/// <summary>What the nodes said, counted.</summary>
internal sealed class NodeLogs
{
    private const int ClaimLost = 401;

    private readonly Dictionary<string, int> _errors = new(StringComparer.Ordinal);

    private NodeLogs() { }

    /// <summary>Writes that came after their claim was lost, and were refused.</summary>
    public int LateWritesRefused { get; private set; }

    /// <summary>Errors by their form, and lines that are no entry of the log: what a dying runtime writes.</summary>
    public IReadOnlyDictionary<string, int> Errors => _errors;

    public static NodeLogs Read(IEnumerable<string> files)
    {
        var logs = new NodeLogs();
        foreach (var line in files.SelectMany(File.ReadLines))
        {
            logs.Add(line);
        }

        return logs;
    }

    private void Add(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var entry = document.RootElement;
            LateWritesRefused += entry.GetProperty("EventId").GetInt32() == ClaimLost ? 1 : 0;
            if (entry.GetProperty("LogLevel").GetString() is "Error" or "Critical")
            {
                Count(entry.GetProperty("State").GetProperty("{OriginalFormat}").GetString() ?? "");
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException)
        {
            // A line that a kill cut off is half an entry and no error.
            if (!line.StartsWith('{'))
            {
                Count(line);
            }
        }
    }

    private void Count(string text) => _errors[text] = _errors.GetValueOrDefault(text) + 1;
}
