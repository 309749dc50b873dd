using System.Collections.Concurrent;

namespace ManaAi.Tests.Support;

/// <summary>The files of the repository, for tests about the text itself.</summary>
internal static class Sources
{
    // Some tests go through all of them for each of very many names.
    private static readonly ConcurrentDictionary<string, Source[]> _read = new(StringComparer.Ordinal);

    private static readonly string[] _notOurs = ["bin", "obj", ".git", ".dev", "TestResults"];

    /// <summary>Where the solution stands.</summary>
    public static string Root { get; } = FindRoot();

    public static IEnumerable<Source> All(params string[] patterns) =>
        patterns.SelectMany(pattern => _read.GetOrAdd(pattern, Find));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static Source[] Find(string pattern) =>
        [
            .. Directory
                .EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
                .Where(path => !path.Split('/').Any(_notOurs.Contains))
                .Select(path => new Source(path, Read(path))),
        ];

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ManaAi.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("no ManaAi.sln above the tests");
    }
}

/// <param name="Path">From the root, with slashes.</param>
internal sealed record Source(string Path, string Text)
{
    public bool IsTest => Path.StartsWith("ManaAi.Tests/", StringComparison.Ordinal);
}
