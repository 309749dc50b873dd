namespace ManaAi.Actors.Planning;

/// <summary>
/// What one call to the LLM may cost at most. A limit that is longer than <see cref="Total"/> never acts: the
/// call simply ends first.
/// </summary>
public sealed record LlmLimits
{
    /// <summary>
    /// Until a connection stands, TLS included. Default: 5 seconds; on a working network it takes milliseconds,
    /// so whatever needs longer is not there.
    /// </summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// From the start of the call until the answer's head is complete. Default: 60 seconds; without streaming a
    /// model thinks before the first byte.
    /// </summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Between two reads of the body. Default: 20 seconds; a body that has begun comes in one go, so a pause
    /// means that the other side is gone.
    /// </summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The call as a whole. Default: 120 seconds. Ends also a server that drips bytes.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// The body after decompression. Default: 2 MiB; a plan has some kilobytes, and a reply costs several times
    /// its size while it is parsed. Counted after decompression, so a gzip bomb ends here too.
    /// </summary>
    public int ReplyBytesMax { get; init; } = 2 * 1024 * 1024;

    /// <summary>
    /// How much of an error's body is read. Default: 64 KiB; the status has decided already, the body only
    /// explains it.
    /// </summary>
    public int ErrorBytesMax { get; init; } = 64 * 1024;

    /// <summary>The answer's head. Default: 32 KiB, what common proxies allow.</summary>
    public int HeaderKilobytesMax { get; init; } = 32;
}
