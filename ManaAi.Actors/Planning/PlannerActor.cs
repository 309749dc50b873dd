using ManaAi.Actors.Agents;
using ManaAi.Actors.Database;
using ManaAi.Actors.Mailboxes;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Planning;

/// <summary>Brings one claimed run to its end, and then says that it is free. One run at a time.</summary>
/// <remarks>
/// Whatever throws here leaves the run as the database has it: claimed, until its lease runs out and someone else goes
/// on, with the kept answer where there is one.
/// </remarks>
public sealed class PlannerActor(
    Planner planner,
    Preparer preparer,
    RunLedger ledger,
    IterationWriter writer,
    RunOptions runs,
    Metrics metrics,
    PlannerSignals signals,
    ILogger<PlannerActor> logger
) : IActor<PlanRun>
{
    public async Task HandleAsync(PlanRun message, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(message);
        }
        catch (OperationCanceledException) when (message.IsOver.IsCancellationRequested)
        {
            // The claim is lost, or the node stops and hands its runs back: nothing is ours to write.
        }
        catch (Exception exception)
            when (message.Claim.Attempt > runs.AttemptsMax && !exception.IsDatabaseFault())
        {
            // It throws in every attempt, and no attempt is left: told, or it would be claimed and thrown for ever.
            Tell(message.Claim, exception);
            await WriteAsync(message, null, Verdicts.AttemptsUsedUp(runs.AttemptsMax));
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            // Its lease runs out, and someone goes on, with the kept answer where there is one.
            Log.RunInterrupted(
                logger,
                message.Claim.Mission.ToString(),
                message.Claim.Occurrence.DueAt,
                message.Claim.Epoch,
                DatabaseFaults.Describe(exception)
            );
        }
        catch (Exception exception)
        {
            // Caught here and not by the mailbox, which does not know whose run it was.
            Tell(message.Claim, exception);
        }
        finally
        {
            await signals.IsFree();
        }
    }

    private async Task RunAsync(PlanRun run)
    {
        var (claim, access) = (run.Claim, run.Access);
        var preparation = run.Preparation ?? preparer.Prepare(claim, access.Shape.Generation);
        if (preparation is Preparation.Ended ended)
        {
            await WriteAsync(run, ended.Agent, ended.Verdict);
            return;
        }

        var (agent, attempt) = (Preparation.Ready)preparation;
        attempt.Claim = claim; // As it was committed: by now it is known whether its first call was counted.
        switch (await planner.PlanAsync(attempt, signals.HasAsked, run.IsOver))
        {
            case AttemptEnd.Decided decided:
                await WriteAsync(run, agent, decided.Verdict);
                break;
            case AttemptEnd.Waits waits:
                Report(claim, waits.Release);
                await ledger.ReleaseAsync(claim, waits.Release, run.IsOver);
                break;
            case AttemptEnd.ClaimLost:
                metrics.StaleWritesRefused.Add(1);
                Log.ClaimLost(logger, claim.Mission.ToString(), claim.Occurrence.DueAt, claim.Epoch);
                break;
        }
    }

    private async Task WriteAsync(PlanRun run, Agent? agent, Verdict verdict)
    {
        if (verdict is Verdict.Planned)
        {
            metrics.PlansProduced.Add(1);
        }

        try
        {
            var result = await writer.WriteAsync(run.Access, run.Claim, agent, verdict, run.IsOver);
            Count(verdict, result);
        }
        catch (PostgresException exception) when (!exception.IsTransient || IsForAWhile(exception))
        {
            await AfterRefusalAsync(run, exception);
        }
    }

    private void Count(Verdict verdict, WriteBackResult result)
    {
        switch (result, verdict)
        {
            case (WriteBackResult.Written, Verdict.Failed):
                metrics.MissionErrors.Add(1);
                break;
            case (WriteBackResult.Written, Verdict.Skipped skipped) when DecisionOf(skipped) is { } decision:
                metrics.CountAgentDecision(decision);
                break;
            case (WriteBackResult.Written, Verdict.Planned planned):
                metrics.PlansWrittenBack.Add(1);
                metrics.CountAgentDecision("ran");
                foreach (var step in planned.Plan.Steps)
                {
                    metrics.CountToolCall(step.ToolName, "propose", "deferred");
                }

                break;
        }
    }

    private static string? DecisionOf(Verdict.Skipped skipped) =>
        skipped.Reason switch
        {
            "agent-paused" => "skipped-paused",
            "agent-archived" => "skipped-archived",
            "budget" => "skipped-budget",
            _ => null,
        };

    /// <summary>A disk that is full, memory that is short, a lock that somebody holds: not the row's fault.</summary>
    private static bool IsForAWhile(PostgresException exception) =>
        exception.SqlState == PostgresErrorCodes.LockNotAvailable
        || exception.SqlState.StartsWith("53", StringComparison.Ordinal);

    /// <summary>
    /// The log does not take the row: again later with the same answer, and in the end given up, unless nothing would be
    /// taken now: that ends, and is waited for.
    /// </summary>
    private async Task AfterRefusalAsync(PlanRun run, PostgresException exception)
    {
        var claim = run.Claim;
        Log.WriteRefused(
            logger,
            claim.Mission.ToString(),
            claim.Occurrence.DueAt,
            claim.Epoch,
            exception.SqlState
        );
        var error = $"the change log did not take the result: SQLSTATE {exception.SqlState}";
        var isForAWhile = IsForAWhile(exception);
        if (claim.Attempt > runs.AttemptsMax && !isForAWhile)
        {
            if (await ledger.GiveUpAsync(claim, error, run.IsOver))
            {
                metrics.CountVerdict("skipped", RunLedger.WriteRefused);
                var (mission, dueAt) = (claim.Mission.ToString(), claim.Occurrence.DueAt);
                Log.RunClosed(logger, mission, dueAt, claim.Epoch, "skipped", RunLedger.WriteRefused);
            }

            return;
        }

        var wait = RetryWaits.AfterFailure(runs.RetryBase, claim.Attempt, jitter: 0);
        await ledger.ReleaseAsync(
            claim,
            new Release(wait, "write-back", error, CostsAttempt: !isForAWhile) { KeepsAnswers = true },
            run.IsOver
        );
    }

    private void Tell(Claim claim, Exception exception) =>
        Log.AttemptThrew(
            logger,
            claim.Mission.ToString(),
            claim.Occurrence.DueAt,
            claim.Epoch,
            claim.Attempt,
            exception
        );

    private void Report(Claim claim, Release release) =>
        Log.AttemptFailed(
            logger,
            claim.Mission.ToString(),
            claim.Occurrence.DueAt,
            claim.Epoch,
            claim.Attempt,
            release.Brief,
            release.Wait
        );
}
