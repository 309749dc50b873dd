using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Threading.RateLimiting;

namespace ManaAi.Host.Keys;

/// <summary>
/// Counts bad keys by the address they come from. IPv6 is counted by /64, which is what one customer gets to choose
/// from. Addresses share a fixed number of counts by a secret hash, so that no number of them fills the memory: two
/// meet by chance alone, and all that one then loses is the difference between 401 and 429.
/// </summary>
internal sealed class BadKeyLimiter(byte[] salt) : IDisposable
{
    /// <summary>How many are told so; the next is turned away.</summary>
    public const int KeysMax = 20;

    /// <summary>Each counts for as long.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>A count takes some hundred bytes, so all of them take some megabytes.</summary>
    public const int CountsMax = 8192;

    // The framework forgets by segments, and the one in which a key came may be nearly over: with a thirteenth segment
    // of five seconds none is forgotten before its minute is.
    private const int Segments = 13;

    private readonly PartitionedRateLimiter<int> _limiter = PartitionedRateLimiter.Create<int, int>(count =>
        RateLimitPartition.GetSlidingWindowLimiter(
            count,
            _ => new SlidingWindowRateLimiterOptions
            {
                PermitLimit = KeysMax,
                Window = Window * Segments / (Segments - 1),
                SegmentsPerWindow = Segments,
                QueueLimit = 0,
            }
        )
    );

    /// <summary>Counts one more bad key. False where the address has sent too many; those are not counted.</summary>
    /// <param name="isFirst">True with the first one that is turned away, until the address has been quiet for a while.</param>
    public bool TryCount(IPAddress? address, out bool isFirst)
    {
        var count = CountOf(address ?? IPAddress.None);
        using var lease = _limiter.AttemptAcquire(count);
        isFirst = !lease.IsAcquired && _limiter.GetStatistics(count)?.TotalFailedLeases == 1;
        return lease.IsAcquired;
    }

    /// <summary>Which count an address is counted in.</summary>
    public int CountOf(IPAddress address)
    {
        // Where the server listens for both, IPv4 comes in IPv6's clothes, and all of it would be one /64.
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var bytes = plain.GetAddressBytes();
        var hash = SHA256.HashData([.. salt, .. bytes.AsSpan(0, Math.Min(bytes.Length, 8))]);
        return BinaryPrimitives.ReadUInt16LittleEndian(hash) % CountsMax;
    }

    public void Dispose() => _limiter.Dispose();
}
