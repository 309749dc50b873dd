using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>What keeps claims away from mana-llm at one moment, as the rows say it to every node alike.</summary>
public sealed record GateReading(IReadOnlyList<GateEntry> Entries)
{
    public static GateReading Open { get; } = new([]);

    /// <summary>How soon to look again at what others decide: another node's probe, or an operator's pause.</summary>
    private static readonly TimeSpan SoonWait = TimeSpan.FromSeconds(1);

    /// <summary>Nothing may be claimed now.</summary>
    public bool IsHeld => Entries.Any(entry => entry.IsHeld);

    /// <summary>One claim may go through, to find out whether mana-llm is well again.</summary>
    public bool IsHalfOpen => !IsHeld && Entries.Any(entry => entry.IsBreaker);

    /// <summary>Only a model's 429 stands in the way; runs that have waited too long for it can still be closed.</summary>
    public bool IsOnlyRateLimited => IsHeld && Entries.All(entry => entry.Cause == GateEntry.RateLimit);

    /// <summary>How long until something may be claimed; null where nothing is held.</summary>
    public TimeSpan? Wait =>
        IsHeld
            ? Entries
                .Where(entry => entry.IsHeld)
                .Max(entry => entry.IsProbed || entry.Cause == GateEntry.Paused ? SoonWait : entry.Wait)
            : null;

    /// <summary>closed, open or half-open.</summary>
    public string BreakerWord =>
        (
            Entries.Any(entry => entry.IsBreaker),
            Entries.Any(entry => entry.IsBreaker && entry.Wait > TimeSpan.Zero)
        ) switch
        {
            (false, _) => "closed",
            (true, true) => "open",
            _ => "half-open",
        };

    /// <summary>What works worse than it should, in sentences for the readiness page.</summary>
    public IEnumerable<string> Degradations => Told.Select(one => $"{one.What}: {one.Remedy}");

    /// <summary>The same, what is so apart from what to do.</summary>
    public IEnumerable<(string What, string Remedy)> Told =>
        Entries.Where(entry => entry.IsTold).Select(Tell);

    internal static async Task<GateReading> ReadAsync(
        NpgsqlDataReader reader,
        CancellationToken cancellationToken
    )
    {
        var entries = new List<GateEntry>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(
                new GateEntry(
                    reader.GetString(0),
                    TimeSpan.FromSeconds(reader.GetDouble(1)),
                    reader.GetInstant(2),
                    reader.GetText(3) ?? "",
                    reader.GetInt32(4),
                    reader.GetBoolean(5)
                )
            );
        }

        return entries.Count == 0 ? Open : new GateReading(entries);
    }

    private static (string What, string Remedy) Tell(GateEntry entry) =>
        entry.Cause switch
        {
            GateEntry.Authorization => (
                $"mana-llm refuses the key since {entry.Since:u} ({entry.Detail})",
                "check MANA_LLM_KEY, or the first of MANA_SERVICE_KEY where that is not set; runs wait, and one call a "
                    + "minute asks again"
            ),
            GateEntry.Paused => (
                $"an operator has paused the service since {entry.Since:u} ({entry.Detail})",
                "`mana-ai resume` ends it"
            ),
            GateEntry.RateLimit => (
                $"mana-llm answers 429 for the model {entry.Detail} since {entry.Since:u}",
                "runs wait; a larger quota helps, or another model"
            ),
            _ => (
                $"the breaker for mana-llm is open since {entry.Since:u} ({entry.Detail})",
                "check that mana-llm runs and that MANA_LLM_URL points to it; runs wait, and single calls ask whether it "
                    + "is well again"
            ),
        };
}

/// <param name="Cause">failures, authorization, rate-limit or paused.</param>
/// <param name="Wait">Until it lets something through; zero or less where it does.</param>
/// <param name="Detail">What was seen last; the model's name for rate-limit, the reason for paused.</param>
/// <param name="Trips">How often it was opened anew without an answer in between.</param>
/// <param name="IsProbed">A claim was let through and is still under way.</param>
public sealed record GateEntry(
    string Cause,
    TimeSpan Wait,
    DateTimeOffset Since,
    string Detail,
    int Trips,
    bool IsProbed
)
{
    public const string Failures = "failures";
    public const string Authorization = "authorization";
    public const string RateLimit = "rate-limit";

    public const string Paused = "paused";

    public bool IsBreaker => Cause is Failures or Authorization;

    public bool IsHeld => Wait > TimeSpan.Zero || IsProbed;

    // A model that may be asked again is nothing to tell of: the next answer forgets it.
    internal bool IsTold => IsBreaker || IsHeld;
}
