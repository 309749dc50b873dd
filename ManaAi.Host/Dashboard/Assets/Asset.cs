using System.Collections.Frozen;
using System.Security.Cryptography;

namespace ManaAi.Host.Dashboard.Assets;

/// <summary>A file that browsers load, from this assembly. Its hash is in its name, so that it never has to be asked for again.</summary>
internal sealed record Asset(string Name, string ContentType, byte[] Bytes, string Hash)
{
    private const int HashCharacters = 16;

    private static readonly FrozenDictionary<string, Asset> All = new[]
    {
        Load("ops.css", "text/css; charset=utf-8"),
        Load("ops.js", "text/javascript; charset=utf-8"),
        Load("icon.svg", "image/svg+xml"),
    }.ToFrozenDictionary(asset => asset.Name, StringComparer.Ordinal);

    public static string Style { get; } = PathOf("ops", ".css");

    public static string Script { get; } = PathOf("ops", ".js");

    public static string Icon { get; } = PathOf("icon", ".svg");

    public static Asset? Find(string name) => All.GetValueOrDefault(name);

    private static string PathOf(string stem, string ending) =>
        $"{DashboardEndpoints.Root}/assets/"
        + All.Keys.Single(name =>
            name.StartsWith($"{stem}-", StringComparison.Ordinal)
            && name.EndsWith(ending, StringComparison.Ordinal)
        );

    private static Asset Load(string file, string contentType)
    {
        using var stream = typeof(Asset).Assembly.GetManifestResourceStream(
            $"ManaAi.Host.Dashboard.Assets.{file}"
        )!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..HashCharacters];
        return new Asset(
            $"{Path.GetFileNameWithoutExtension(file)}-{hash}{Path.GetExtension(file)}",
            contentType,
            bytes,
            hash
        );
    }
}
