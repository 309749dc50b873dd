using System.Globalization;

namespace ManaAi.Bench.Chaos;

/// <summary>Which TCP ports a process speaks from, as Linux tells in /proc.</summary>
internal static class Sockets
{
    public static int[] LocalPortsOf(int process)
    {
        try
        {
            var inodes = Directory
                .EnumerateFiles($"/proc/{process}/fd")
                .Select(file => new FileInfo(file).LinkTarget)
                .Where(target => target?.StartsWith("socket:[", StringComparison.Ordinal) is true)
                .Select(target => target![8..^1])
                .ToHashSet(StringComparer.Ordinal);
            return
            [
                .. PortsIn(File.ReadLines($"/proc/{process}/net/tcp"), inodes),
                .. PortsIn(File.ReadLines($"/proc/{process}/net/tcp6"), inodes),
            ];
        }
        catch (IOException)
        {
            // It ended while we looked.
            return [];
        }
    }

    /// <summary>Lines of /proc/net/tcp: the second word is address:port in hexadecimal, the tenth the inode.</summary>
    internal static IEnumerable<int> PortsIn(IEnumerable<string> lines, IReadOnlySet<string> inodes) =>
        from line in lines.Skip(1)
        let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        where words.Length > 9 && inodes.Contains(words[9])
        select int.Parse(
            words[1].AsSpan(words[1].LastIndexOf(':') + 1),
            NumberStyles.HexNumber,
            CultureInfo.InvariantCulture
        );
}
