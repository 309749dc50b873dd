using ManaAi.Actors;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace ManaAi.Tests.Support;

/// <summary>What one node does with the ledger, one step at a time.</summary>
internal sealed class BenchNode
{
    private readonly LedgerBench _bench;
    private readonly ChangeFeed _sweep;

    public BenchNode(
        LedgerBench bench,
        MissionProjectors projectors,
        Metrics metrics,
        NodeId id,
        RunOptions options
    )
    {
        _bench = bench;
        Id = id;
        Feed = new ChangeFeed(
            bench.Sync,
            projectors,
            new FeedOptions(),
            metrics,
            NullLogger<ChangeFeed>.Instance
        );
        _sweep = new ChangeFeed(
            bench.Sync,
            projectors,
            new FeedOptions { SweepInterval = TimeSpan.Zero },
            metrics,
            NullLogger<ChangeFeed>.Instance
        );
        Ledger = new RunLedger(bench.Sync, id, options);
        Writer = new IterationWriter(
            bench.Sync,
            id,
            options,
            new ScheduleOptions(),
            metrics,
            NullLogger<IterationWriter>.Instance
        );
        Opener = new OccurrenceOpener(
            bench.Sync,
            Writer,
            options,
            new ScheduleOptions(),
            metrics,
            NullLogger<OccurrenceOpener>.Instance
        );
    }

    public NodeId Id { get; }

    public ChangeFeed Feed { get; }

    public RunLedger Ledger { get; }

    public IterationWriter Writer { get; }

    public OccurrenceOpener Opener { get; }

    /// <summary>Folds and opens, as a tick does; the runs that are open and claimable then.</summary>
    public async Task<IReadOnlyList<long>> TickAsync(bool isDryRun = false)
    {
        await FoldAsync();
        return await Opener.OpenAsync(_bench.Access, isDryRun, CancellationToken.None);
    }

    public Task<FoldReport> FoldAsync() => Feed.FoldAsync(_bench.Access.Shape, CancellationToken.None);

    /// <summary>As the sweep does that comes every few minutes.</summary>
    public Task<FoldReport> SweepAsync() => _sweep.FoldAsync(_bench.Access.Shape, CancellationToken.None);

    public Task<IReadOnlyList<Claim>> ClaimAsync(int slots = 8) =>
        Ledger.ClaimAsync(slots, CancellationToken.None);

    /// <summary>Ticks, and claims the only run there is.</summary>
    public async Task<Claim> TickAndClaimAsync()
    {
        await TickAsync();
        return (await ClaimAsync()).ShouldHaveSingleItem();
    }

    public Task<WriteBackResult> WriteAsync(Claim claim, Verdict? verdict = null, Agent? agent = null) =>
        Writer.WriteAsync(
            _bench.Access,
            claim,
            agent,
            verdict ?? LedgerBench.Planned,
            CancellationToken.None
        );

    public Task<bool> ReleaseAsync(Claim claim, Release release) =>
        Ledger.ReleaseAsync(claim, release, CancellationToken.None);
}
