using System.Security.Cryptography;
using System.Text;
using ManaAi.Host.Settings;

namespace ManaAi.Host.Keys;

/// <summary>
/// The keys that callers may send. Only their hashes are compared, all of equal length, and a candidate with every one
/// of them in constant time: how long an answer takes says nothing about how much of a key was right.
/// </summary>
internal sealed class ServiceKeys(ServiceSettings settings)
{
    private volatile KeyRing _ring = new(settings.Edge.ServiceKeys);

    /// <summary>The first key, which is the bearer for mana-llm where that has none of its own.</summary>
    public Secret First => _ring.Keys[0];

    public bool Accepts(string candidate)
    {
        var hash = Hash(candidate);
        var isAccepted = false;
        foreach (var known in _ring.Hashes)
        {
            isAccepted |= CryptographicOperations.FixedTimeEquals(known, hash);
        }

        return isAccepted;
    }

    /// <summary>From now on these and no others. Returns whether they differ from those before.</summary>
    public bool Replace(IReadOnlyList<Secret> keys)
    {
        if (_ring.Keys.SequenceEqual(keys))
        {
            return false;
        }

        _ring = new KeyRing(keys);
        return true;
    }

    /// <summary>A secret for one purpose, from which no key can be learned; null where the candidate is no key.</summary>
    public byte[]? Derive(string candidate, string purpose) =>
        Accepts(candidate) ? Derive(Hash(candidate), purpose) : null;

    /// <summary>The same of each key that is accepted now.</summary>
    public IEnumerable<byte[]> DeriveAll(string purpose) =>
        _ring.Hashes.Select(hash => Derive(hash, purpose));

    private static byte[] Derive(byte[] hash, string purpose) =>
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256,
            hash,
            SHA256.HashSizeInBytes,
            info: Encoding.UTF8.GetBytes(purpose)
        );

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private sealed class KeyRing(IReadOnlyList<Secret> keys)
    {
        public IReadOnlyList<Secret> Keys { get; } = keys;

        public byte[][] Hashes { get; } = [.. keys.Select(key => Hash(key.Reveal()))];
    }
}
