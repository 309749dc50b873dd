using System.Collections.Frozen;
using System.Reflection;

namespace ManaAi.Actors.Database;

/// <summary>The statements of Database/Sql by name. A file holds several, each under a line `-- name: X`.</summary>
public static class Sql
{
    private const string Marker = "-- name: ";

    /// <summary>Without comments: each execution reads its statement's text anew.</summary>
    public static FrozenDictionary<string, string> All { get; } =
        Load("Sql")
            .ToFrozenDictionary(one => one.Key, one => WithoutComments(one.Value), StringComparer.Ordinal);

    /// <summary>What makes the index and the trigger on sync_changes, by name.</summary>
    public static FrozenDictionary<string, string> LogObjects { get; } = Load("LogObjects");

    /// <exception cref="KeyNotFoundException">No file has a statement of that name.</exception>
    public static string Get(string name) => All[name];

    /// <summary>The embedded scripts below a folder of Database, in the order of their names.</summary>
    internal static IEnumerable<(string Name, string Text)> Scripts(string folder)
    {
        var assembly = typeof(Sql).Assembly;
        var prefix = $"ManaAi.Actors.Database.{folder}.";
        return assembly
            .GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (name[prefix.Length..], ReadText(assembly, name)));
    }

    private static FrozenDictionary<string, string> Load(string folder) =>
        Scripts(folder)
            .SelectMany(script => script.Text.Split(Marker).Skip(1))
            .ToFrozenDictionary(
                part => part[..part.IndexOf('\n', StringComparison.Ordinal)].Trim(),
                part => part[part.IndexOf('\n', StringComparison.Ordinal)..].Trim(),
                StringComparer.Ordinal
            );

    private static string WithoutComments(string statement) =>
        string.Join(
            '\n',
            statement.Split('\n').Where(line => !line.TrimStart().StartsWith("--", StringComparison.Ordinal))
        );

    private static string ReadText(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
