using System.Net;
using ManaAi.Actors;

namespace ManaAi.Host.Keys;

/// <summary>What became of a key that a caller sent.</summary>
internal enum KeyJudgement
{
    Accepted,

    /// <summary>None was sent. That is no guess, and not counted as one.</summary>
    Missing,
    Refused,

    /// <summary>Refused too, after so many others from the same address that the caller is told to wait.</summary>
    TooMany,
}

/// <summary>
/// The one place that judges the keys of callers, wherever they stand in a request, and counts the bad ones. The key
/// is looked at first and the count after that, so a right one is answered whatever its address has sent before.
/// </summary>
internal sealed class KeyGate(
    ServiceKeys keys,
    BadKeyLimiter limiter,
    Metrics metrics,
    ILogger<KeyGate> logger
)
{
    /// <summary>When a caller that was told to wait may try again.</summary>
    public static readonly TimeSpan RetryAfter = BadKeyLimiter.Window;

    /// <param name="address">Of the connection. What a proxy's headers say of it, anyone can write.</param>
    public KeyJudgement Judge(string? candidate, IPAddress? address)
    {
        if (string.IsNullOrEmpty(candidate))
        {
            return KeyJudgement.Missing;
        }

        if (keys.Accepts(candidate))
        {
            return KeyJudgement.Accepted;
        }

        var isCounted = limiter.TryCount(address, out var isFirst);
        metrics.CountBadKey(isCounted ? "unauthorized" : "too-many-requests");
        if (isFirst)
        {
            Log.BadKeysLimited(logger, BadKeyLimiter.KeysMax, address?.ToString() ?? "unknown");
        }

        return isCounted ? KeyJudgement.Refused : KeyJudgement.TooMany;
    }
}
