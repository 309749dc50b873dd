using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using ManaAi.Host.Keys;

namespace ManaAi.Host.Dashboard.Session;

/// <summary>
/// Sessions that no node has to remember: a random id and the time of signing in, authenticated with a secret that is
/// derived from the service key. So one holds on every node with that key, without the database, and ends when the
/// key is taken away. The key cannot be read from it.
/// </summary>
/// <remarks>Signing out takes the cookie from the browser, and this node believes it no more until its time is over.</remarks>
internal sealed class Sessions(ServiceKeys keys, TimeProvider time)
{
    /// <summary>A night's duty and its morning.</summary>
    public static TimeSpan Length { get; } = TimeSpan.FromHours(12);

    // Nodes' clocks need not agree.
    private static readonly TimeSpan ClockDifferenceMax = TimeSpan.FromMinutes(10);

    private const string Purpose = "mana-ai dashboard session 1";
    private const int IdBytes = 16;
    private const int SignedBytes = IdBytes + sizeof(long);
    private const int TokenBytes = SignedBytes + SHA256.HashSizeInBytes;
    private const int EndedMax = 10_000;

    private readonly Dictionary<string, DateTimeOffset> _ended = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <returns>The token for the cookie; null where the key is none of ours.</returns>
    public string? Begin(string key)
    {
        if (keys.Derive(key, Purpose) is not { } secret)
        {
            return null;
        }

        Span<byte> token = stackalloc byte[TokenBytes];
        RandomNumberGenerator.Fill(token[..IdBytes]);
        BinaryPrimitives.WriteInt64BigEndian(token[IdBytes..], time.GetUtcNow().ToUnixTimeSeconds());
        HMACSHA256.HashData(secret, token[..SignedBytes], token[SignedBytes..]);
        return Base64Url.EncodeToString(token);
    }

    /// <returns>null where the token is not ours, too old, or signed out.</returns>
    public OperatorSession? Find(string? token)
    {
        if (token is not { Length: <= 128 } || !Base64Url.IsValid(token))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length != TokenBytes || SecretOf(bytes) is not { } secret)
        {
            return null;
        }

        var begun = DateTimeOffset.FromUnixTimeSeconds(
            BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(IdBytes))
        );
        var (id, now) = (Base64Url.EncodeToString(bytes.AsSpan(0, IdBytes)), time.GetUtcNow());
        return begun <= now + ClockDifferenceMax && now < begun + Length && !IsEnded(id)
            ? new OperatorSession(id, begun + Length, FormToken(secret, bytes.AsSpan(0, IdBytes)))
            : null;
    }

    public void End(OperatorSession session)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            foreach (var id in _ended.Where(one => one.Value <= now).Select(one => one.Key).ToArray())
            {
                _ended.Remove(id);
            }

            if (_ended.Count < EndedMax)
            {
                _ended[session.Id] = session.Until;
            }
        }
    }

    private byte[]? SecretOf(ReadOnlySpan<byte> token)
    {
        Span<byte> mark = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var secret in keys.DeriveAll(Purpose))
        {
            HMACSHA256.HashData(secret, token[..SignedBytes], mark);
            if (CryptographicOperations.FixedTimeEquals(mark, token[SignedBytes..]))
            {
                return secret;
            }
        }

        return null;
    }

    private static string FormToken(byte[] secret, ReadOnlySpan<byte> id) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(secret, (byte[])[.. "form"u8, .. id]));

    private bool IsEnded(string id)
    {
        lock (_lock)
        {
            return _ended.ContainsKey(id);
        }
    }
}
