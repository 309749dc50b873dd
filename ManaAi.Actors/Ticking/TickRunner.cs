using System.Diagnostics;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Actors.Upkeep;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Ticking;

/// <summary>One tick: fold what is new, open what is due, wake the planners. It never throws for the database.</summary>
public sealed class TickRunner(
    DatabaseGate gate,
    LogIndex index,
    ChangeFeed feed,
    OccurrenceOpener opener,
    PlannerPool pool,
    Housekeeper housekeeper,
    PlannerOptions options,
    TimeProvider time,
    Metrics metrics,
    ILogger<TickRunner> logger
)
{
    public async Task<TickOutcome> RunAsync(CancellationToken cancellationToken)
    {
        using var span = Traces.Tick();
        var started = time.GetTimestamp();
        var outcome = await RunGuardedAsync(cancellationToken);
        span?.EndTick(outcome);
        var took = time.GetElapsedTime(started);
        metrics.Ticks.Add(1);
        metrics.TickDuration.Record(took.TotalSeconds);
        outcome = outcome with { Took = took };
        housekeeper.TickEnded(outcome);
        return outcome;
    }

    private async Task<TickOutcome> RunGuardedAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await gate.EnterAsync(cancellationToken);
            metrics.Ready.Record(answer.Access is null ? 0 : 1);
            return answer.Access is { } access
                ? await RunAsync(access, cancellationToken)
                : Failed(answer.Reasons);
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            var reason = DatabaseFaults.Describe(exception);
            Log.TickFailed(logger, reason, exception);
            metrics.Ready.Record(0);
            gate.Doubt();
            return Failed([reason]);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            Log.TickFailed(logger, "an unexpected fault", exception);
            gate.Doubt();
            return Failed([$"the tick failed unexpectedly ({exception.GetType().Name}); the log says more"]);
        }
    }

    private async Task<TickOutcome> RunAsync(LogAccess access, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await index.EnsureAsync(cancellationToken); // The first time only, and not for long.
        var fold = await FoldAsync(access, cancellationToken);
        var (opened, claimable) = await opener.OpenAsync(
            access,
            options.IsDryRun,
            token => pool.WakeAsync(access, token),
            cancellationToken
        );
        Log.Ticked(logger, fold.Rows, claimable.Count, time.GetElapsedTime(started));
        var at = fold.IsElsewhere ? time.GetUtcNow() : fold.ReadAt;
        return new TickOutcome(at, claimable, [], TimeSpan.Zero)
        {
            Model = options.ModelFor(access.Shape.Generation),
            Rows = fold.Rows,
            LateRows = fold.LateRows,
            Opened = opened,
        };
    }

    private async Task<FoldReport> FoldAsync(LogAccess access, CancellationToken cancellationToken)
    {
        using var span = Traces.Fold();
        var report = await feed.FoldAsync(access.Shape, cancellationToken);
        span?.EndFold(report);
        return report;
    }

    private TickOutcome Failed(IReadOnlyList<string> errors) =>
        new(time.GetUtcNow(), [], errors, TimeSpan.Zero);
}
