using System.Security.Cryptography;
using System.Text;
using ManaAi.Host.Settings;

namespace ManaAi.Host.Internal;

/// <summary>
/// The keys that callers may send. Only their hashes are kept, all of equal length, and a candidate is compared with
/// every one of them in constant time: how long an answer takes says nothing about how much of a key was right.
/// </summary>
internal sealed class ServiceKeys
{
    private readonly byte[][] _hashes;

    public ServiceKeys(ServiceSettings settings) =>
        _hashes = [
            .. settings.Edge.ServiceKeys.Select(key => SHA256.HashData(Encoding.UTF8.GetBytes(key.Reveal()))),
        ];

    public bool Accepts(string candidate)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(candidate));
        var isAccepted = false;
        foreach (var known in _hashes)
        {
            isAccepted |= CryptographicOperations.FixedTimeEquals(known, hash);
        }

        return isAccepted;
    }
}
