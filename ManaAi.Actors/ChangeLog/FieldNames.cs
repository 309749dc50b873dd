using System.Text;
using System.Text.Json;

namespace ManaAi.Actors.ChangeLog;

/// <summary>The names that nearly all fields have: a log of millions of rows need not make each of them anew.</summary>
internal static class FieldNames
{
    private static readonly (byte[] Bytes, string Text)[][] Known = ByLength(
        "id",
        "title",
        "state",
        "grant",
        "inputs",
        "userId",
        "agentId",
        "cadence",
        "spaceId",
        "timeZone",
        "objective",
        "nextRunAt",
        "createdAt",
        "updatedAt",
        "deletedAt",
        "iterations",
        "conceptMarkdown"
    );

    /// <summary>The name on which the reader stands.</summary>
    /// <exception cref="InvalidOperationException">It is no Unicode text.</exception>
    public static string Read(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        if (!reader.ValueIsEscaped && name.Length < Known.Length)
        {
            foreach (var (bytes, text) in Known[name.Length])
            {
                if (name.SequenceEqual(bytes))
                {
                    return text;
                }
            }
        }

        return reader.GetString()!;
    }

    private static (byte[], string)[][] ByLength(params string[] names) =>
        [
            .. Enumerable
                .Range(0, names.Max(name => name.Length) + 1)
                .Select(length =>
                    names
                        .Where(name => name.Length == length)
                        .Select(name => (Encoding.UTF8.GetBytes(name), name))
                        .ToArray()
                ),
        ];
}
