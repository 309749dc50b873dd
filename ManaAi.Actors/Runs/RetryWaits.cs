namespace ManaAi.Actors.Runs;

/// <summary>How long to wait before the next attempt. Pure: randomness is passed in.</summary>
public static class RetryWaits
{
    /// <summary>A wait never grows beyond this, whatever the base and the number of attempts.</summary>
    public static TimeSpan Max { get; } = TimeSpan.FromHours(1);

    /// <summary>What a server that sends 429 without a Retry-After is given.</summary>
    public static TimeSpan RateLimitDefault { get; } = TimeSpan.FromSeconds(30);

    /// <summary>A server that says "at once" would otherwise be asked in a loop, since 429 costs no attempt.</summary>
    public static TimeSpan RateLimitMin { get; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a key that mana-llm refuses is tried again.</summary>
    public static TimeSpan Unauthorized { get; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a run waits for another call's reservation, unless that is settled before.</summary>
    public static TimeSpan Reserved { get; } = TimeSpan.FromSeconds(5);

    /// <param name="retryAfter">What the server asked for, or null.</param>
    public static TimeSpan AfterRateLimit(TimeSpan? retryAfter)
    {
        var wait = retryAfter ?? RateLimitDefault;
        return wait < RateLimitMin ? RateLimitMin : wait;
    }

    /// <param name="attempt">The attempt that failed, the first is 1.</param>
    /// <param name="jitter">0 to 1: up to a half is added, so that what failed together does not come back together.</param>
    public static TimeSpan AfterFailure(TimeSpan retryBase, int attempt, double jitter)
    {
        var grown = retryBase.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 30)) * (1 + (jitter / 2));
        return TimeSpan.FromMilliseconds(Math.Min(grown, Max.TotalMilliseconds));
    }
}
