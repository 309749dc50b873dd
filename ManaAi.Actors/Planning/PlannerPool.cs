using System.Threading.Channels;
using ManaAi.Actors.Database;
using ManaAi.Actors.Mailboxes;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Planning;

/// <summary>
/// The planners of this node: it claims for those that are free, no more than can start at once, renews the leases of
/// what is under way, and wakes itself when something that waits may be claimed.
/// </summary>
/// <remarks>
/// All planners that become free while a claim is on its way share the next one, so claims cost less the more there is
/// to do. It owns nothing that matters: when the process dies here, leases run out.
/// </remarks>
public sealed class PlannerPool : IActor<PoolMessage>, IAsyncDisposable
{
    // Every planner says once that it has asked, and once that it is free; the rest are timers and ticks.
    private const int MailboxSlack = 64;

    /// <summary>Below this it would only spin on users whom another node is serving.</summary>
    private static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(100);

    /// <summary>Another node may learn sooner than expected that mana-llm is well again.</summary>
    private static readonly TimeSpan GateWaitMax = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan RetryAfterFault = TimeSpan.FromSeconds(1);

    private readonly RunLedger _ledger;
    private readonly RunOptions _options;
    private readonly PlannerOptions _llm;
    private readonly Preparer _preparer;
    private readonly TimeProvider _time;
    private readonly Metrics _metrics;
    private readonly ILogger<PlannerPool> _logger;
    private readonly Mailbox<PoolMessage> _mailbox;
    private readonly Mailbox<PlanRun>[] _planners;
    private readonly Func<PlannerSignals, PlannerActor> _createPlanner;
    private readonly PlannerSlots _slots;
    private readonly List<TaskCompletionSource> _drains = [];
    private readonly ITimer _wakeTimer;
    private readonly ITimer _gapTimer;
    private readonly ITimer _renewTimer;
    private LogAccess? _access;
    private long? _claimedAt;
    private bool _owesClaim;

    // The last claim got all that it asked for, or nothing could be asked for: there may be more.
    private bool _mayBeMore;
    private bool _isClaimingTold;

    public PlannerPool(
        RunLedger ledger,
        RunOptions options,
        PlannerOptions llm,
        Preparer preparer,
        Func<PlannerSignals, PlannerActor> createPlanner,
        TimeProvider time,
        Metrics metrics,
        ILogger<PlannerPool> logger
    )
    {
        (_ledger, _options, _time, _metrics, _logger) = (ledger, options, time, metrics, logger);
        (_llm, _preparer, _createPlanner) = (llm, preparer, createPlanner);
        _slots = new PlannerSlots(options.ConcurrentMax, metrics);
        _mailbox = new Mailbox<PoolMessage>(2 * _slots.Planners + MailboxSlack, logger);
        _planners = [.. Enumerable.Range(0, _slots.Planners).Select(_ => new Mailbox<PlanRun>(1, logger))];
        _wakeTimer = Timer(new PoolMessage.WaitOver());
        _gapTimer = Timer(new PoolMessage.WaitOver());
        _renewTimer = Timer(new PoolMessage.RenewalDue());
    }

    /// <summary>Says that some run was closed or set free, for those who wait for that.</summary>
    public RunSignal Settled { get; } = new();

    /// <summary>How many messages wait: for the pool, and runs for a planner.</summary>
    public (int Pool, int Planners) Depths => (_mailbox.Depth, _planners.Sum(planner => planner.Depth));

    public void Start()
    {
        _metrics.Planners.Record(_options.ConcurrentMax);
        for (var planner = 0; planner < _planners.Length; planner++)
        {
            var own = planner;
            _planners[planner]
                .Start(
                    _createPlanner(
                        new PlannerSignals(
                            () => _mailbox.TryTell(new PoolMessage.HasAsked(own)),
                            () => _mailbox.TellAsync(new PoolMessage.PlannerFree(own), CancellationToken.None)
                        )
                    )
                );
        }

        _mailbox.Start(this);
        // A third of the lease: two renewals may fail before the claim is anyone's.
        _renewTimer.Change(_options.Lease / 3, _options.Lease / 3);
    }

    public ValueTask WakeAsync(LogAccess access, CancellationToken cancellationToken) =>
        _mailbox.TellAsync(new PoolMessage.Wake(access), cancellationToken);

    /// <summary>Looks again for what may be claimed, where it was woken before.</summary>
    public void Nudge() => _mailbox.TryTell(new PoolMessage.WaitOver());

    /// <summary>No new claims; what is under way may finish within the grace, then it is handed back free.</summary>
    public async Task StopAsync(TimeSpan grace, CancellationToken patience)
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_mailbox.Ended.IsCompleted && await TryTellAsync(new PoolMessage.Drain(drained), patience))
        {
            await WaitAsync(drained.Task, grace, patience);
            if (!drained.Task.IsCompleted && await TryTellAsync(new PoolMessage.Abandon(), patience))
            {
                await WaitAsync(drained.Task, RetryAfterFault, patience);
            }
        }

        await Task.WhenAll(_planners.Select(planner => planner.StopAsync(patience)));
        await _mailbox.StopAsync(patience);
    }

    public async Task HandleAsync(PoolMessage message, CancellationToken cancellationToken)
    {
        switch (message)
        {
            case PoolMessage.Wake wake:
                _access = wake.Access;
                _owesClaim = true;
                break;
            case PoolMessage.WaitOver:
                _owesClaim = true;
                break;
            case PoolMessage.HasAsked asked:
                _slots.EndAsking(asked.Planner);
                _owesClaim |= _mayBeMore;
                break;
            case PoolMessage.PlannerFree free:
                _slots.Release(free.Planner);
                _owesClaim = true;
                Settled.Raise();
                break;
            case PoolMessage.RenewalDue:
                await TryRenewAsync(cancellationToken);
                break;
            case PoolMessage.Drain drain:
                _drains.Add(drain.Drained);
                break;
            case PoolMessage.Abandon:
                foreach (var run in _slots.Runs)
                {
                    await run.IsOver.CancelAsync();
                }

                break;
        }

        if (_drains.Count > 0)
        {
            CompleteDrains();
        }
        else if (_owesClaim && _mailbox.Depth == 0 && !MustWait())
        {
            // Who becomes free meanwhile is in the mailbox already, and shares this claim or the next.
            await ClaimAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _wakeTimer.DisposeAsync();
        await _gapTimer.DisposeAsync();
        await _renewTimer.DisposeAsync();
        _mailbox.Dispose();
        foreach (var planner in _planners)
        {
            planner.Dispose();
        }
    }

    private void CompleteDrains()
    {
        if (_slots.IsIdle)
        {
            _drains.ForEach(drained => drained.TrySetResult());
        }
    }

    /// <summary>Few are free and others will be in a moment: one claim for all of them.</summary>
    private bool MustWait()
    {
        var rest = _claimedAt is { } at ? _options.ClaimGap - _time.GetElapsedTime(at) : TimeSpan.Zero;
        if (rest <= TimeSpan.Zero || _slots.Open > _slots.Asking)
        {
            return false;
        }

        _gapTimer.Change(rest, Timeout.InfiniteTimeSpan);
        return true;
    }

    private async Task ClaimAsync(CancellationToken cancellationToken)
    {
        _owesClaim = false;
        _claimedAt = _time.GetTimestamp();
        var slots = _slots.Open;
        _mayBeMore = slots == 0;
        if (_access is not { } access || slots == 0)
        {
            return;
        }

        try
        {
            var model = _llm.ModelFor(access.Shape.Generation);
            var askedAt = _time.GetUtcNow();
            var prepared = new Preparations(_preparer, access.Shape.Generation);
            var round = await _ledger.ClaimAsync(slots, model, prepared.FirstCallOf, cancellationToken);
            _isClaimingTold = false;
            _mayBeMore = round.Claims.Count == slots;
            Record(round.Gate);
            foreach (var claim in round.Claims)
            {
                var traced = claim with { Span = Traces.Claim(claim, askedAt) };
                await DispatchAsync(traced, access, prepared.Of(claim), cancellationToken);
            }

            if (round.Gate.Wait is { } held)
            {
                WakeAfter(held < GateWaitMax ? held : GateWaitMax);
            }
            else if (round.Claims.Count == 0 && round.HasPassedOver)
            {
                _mailbox.TryTell(new PoolMessage.WaitOver());
            }
            else if (round.Claims.Count < slots)
            {
                WakeAfter(await _ledger.UntilReadyAsync(cancellationToken));
            }
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            WakeAfter(RetryAfterFault);
            if (!_isClaimingTold)
            {
                Log.ClaimingFailed(_logger, DatabaseFaults.Describe(exception));
            }

            _isClaimingTold = true;
        }
    }

    private void Record(GateReading gate) =>
        _metrics.BreakerState.Record(
            gate.BreakerWord switch
            {
                "closed" => 0,
                "half-open" => 1,
                _ => 2,
            }
        );

    private async Task DispatchAsync(
        Claim claim,
        LogAccess access,
        Preparation? preparation,
        CancellationToken cancellationToken
    )
    {
        foreach (var lapsed in _slots.Runs.Where(run => run.Claim.RunId == claim.RunId))
        {
            await lapsed.IsOver.CancelAsync();
        }

        var (planner, isOver) = _slots.Take(claim);
        if (claim.IsFirst)
        {
            // What was claimed before was on time once, also where the attempt was given back; its wait is its own.
            _metrics.ScheduleLag.Record((claim.ClaimedAt - claim.Occurrence.DueAt).TotalSeconds);
        }

        var (mission, dueAt) = (claim.Mission.ToString(), claim.Occurrence.DueAt);
        Log.Claimed(_logger, mission, dueAt, claim.Epoch, claim.Attempt);
        if (claim.IsTakeover)
        {
            _metrics.LeaseTakeovers.Add(1);
            Log.TookOver(_logger, mission, dueAt, claim.Epoch);
        }

        await _planners[planner]
            .TellAsync(new PlanRun(claim, access, isOver, preparation), cancellationToken);
    }

    /// <summary>Two renewals may fail before a claim is anyone's.</summary>
    private async Task TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RenewAsync(cancellationToken);
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            Log.LeasesNotRenewed(_logger, _slots.Runs.Count, DatabaseFaults.Describe(exception));
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var runs = _slots.Runs.Where(run => !run.IsOver.IsCancellationRequested).ToArray();
        if (runs.Length == 0)
        {
            return;
        }

        var renewed = await _ledger.RenewAsync([.. runs.Select(run => run.Claim)], cancellationToken);
        foreach (var run in runs.Where(run => !renewed.Contains(run.Claim.RunId)))
        {
            // Someone else has it, or it is closed: a call that goes on would only cost money.
            await run.IsOver.CancelAsync();
        }
    }

    private void WakeAfter(TimeSpan? wait)
    {
        if (wait is { } span)
        {
            _wakeTimer.Change(span < WaitMin ? WaitMin : span, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task WaitAsync(Task task, TimeSpan span, CancellationToken patience)
    {
        using var limit = new CancellationTokenSource(span, _time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, patience);
        // Two may stop it at once, and the less patient one leaves the other's message behind.
        Task either = Task.WhenAny(task, _mailbox.Ended);
        await either.WaitAsync(enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <returns>False: the pool is stopped already, or the host's patience ended.</returns>
    private async Task<bool> TryTellAsync(PoolMessage message, CancellationToken patience)
    {
        try
        {
            await _mailbox.TellAsync(message, patience);
            return true;
        }
        catch (Exception exception) when (exception is ChannelClosedException or OperationCanceledException)
        {
            return false;
        }
    }

    private ITimer Timer(PoolMessage message) =>
        _time.CreateTimer(
            _ => _mailbox.TryTell(message),
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
}
