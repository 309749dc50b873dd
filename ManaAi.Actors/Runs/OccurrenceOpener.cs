using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>
/// Turns due missions into open occurrences, and closes those that are no longer due. Statements
/// skip rows that others hold: two nodes may do this at once, and what one leaves the next tick finds.
/// </summary>
public sealed class OccurrenceOpener(
    SyncDatabase database,
    ScheduleWriter writer,
    RunOptions options,
    ScheduleOptions schedule,
    Metrics metrics,
    ILogger<OccurrenceOpener> logger
)
{
    // A tick moves on only so many schedules at once; the next tick takes the rest.
    private const int MovedOnMax = 200;

    // More than these is a log that takes nothing of ours; then order does not help.
    private const int RefusedMax = 10_000;

    // Whose schedule the log refused: they go last, so that however many they are, the others are moved on.
    private readonly HashSet<MissionKey> _refused = [];

    /// <summary>In few round trips, since an idle tick costs little else; in one where there is nothing to do.</summary>
    /// <param name="begin">Lets planners begin: with the first of a herd while the others are opened, and with all at the end.</param>
    public async Task<OpenReport> OpenAsync(
        LogAccess access,
        bool isDryRun,
        Func<CancellationToken, ValueTask> begin,
        CancellationToken cancellationToken
    )
    {
        var (isAnythingToDo, lag) = await IsAnythingToDoAsync(cancellationToken);
        if (!isAnythingToDo)
        {
            Seen(lag);
            metrics.OpenOccurrences.Record(0);
            metrics.TokensReserved.Record(0);
            metrics.LongestWait.Record(0);
            return new OpenReport(0, []);
        }

        // What is claimable is told with each statement that opens some: planners may have taken it by the next one.
        var claimable = new HashSet<long>();
        var (opened, longestWait) = await CloseAndOpenAsync(
            options.OpenedFirst,
            claimable,
            cancellationToken
        );
        var queued = 0L;
        if (opened == options.OpenedFirst)
        {
            (var others, queued) = await OpenHerdAsync(claimable, isDryRun ? null : begin, cancellationToken);
            opened += others;
        }

        metrics.LongestWait.Record(isDryRun ? 0 : longestWait);
        var found = await LookAsync(queued, cancellationToken);
        if (options.IsScheduleAdvanced && !isDryRun)
        {
            foreach (var occurrence in found.ClosedDue)
            {
                Remember(occurrence.Mission, await writer.MoveOnAsync(access, occurrence, cancellationToken));
            }

            foreach (var mission in found.Unscheduled)
            {
                Remember(mission, await writer.ScheduleFirstAsync(access, mission, cancellationToken));
            }
        }

        // Only here: a log that is read and then not acted on would look well.
        Seen(lag);
        if (claimable.Count > 0 && !isDryRun)
        {
            await begin(cancellationToken);
        }

        return new OpenReport(opened, claimable);
    }

    /// <summary>What is left of a herd, in several statements.</summary>
    /// <returns>How many were opened, and the last run whose user has been given a turn.</returns>
    private async Task<(long Opened, long Queued)> OpenHerdAsync(
        HashSet<long> claimable,
        Func<CancellationToken, ValueTask>? begin,
        CancellationToken cancellationToken
    )
    {
        var (all, queued) = (0L, 0L);
        long opened;
        do
        {
            if (begin is not null && claimable.Count > 0)
            {
                var after = queued;
                await database.OnceByKeysAsync(
                    batch => batch.Then(Sql.Get("QueueUsers")).Add("after", after),
                    (_, _) => Task.FromResult(true),
                    cancellationToken
                );
                queued = claimable.Max();
                await begin(cancellationToken);
            }

            (opened, _) = await CloseAndOpenAsync(options.OpenedMax, claimable, cancellationToken);
            all += opened;
        } while (opened == options.OpenedMax);

        return (all, queued);
    }

    private void Seen(TimeSpan? lag)
    {
        if (lag is { } span)
        {
            metrics.Probes.CursorSeen(span);
        }
    }

    /// <summary>Whether a run is open, or a mission is due or wants its first schedule. Without, all below finds nothing.</summary>
    private Task<(bool IsSo, TimeSpan? Lag)> IsAnythingToDoAsync(CancellationToken cancellationToken) =>
        database.OnceByKeysAsync(
            batch => batch.Then(Sql.Get("IsAnythingToDo")),
            async (reader, token) =>
            {
                await reader.ReadAsync(token);
                metrics.BreakerState.Record(reader.GetInt64(2));
                TimeSpan? lag = reader.GetNullable<double>(1) is { } seconds
                    ? TimeSpan.FromSeconds(seconds)
                    : null;
                return (reader.GetBoolean(0), lag);
            },
            cancellationToken
        );

    /// <summary>Closes what is no longer due, takes up again what is, and opens what has come due.</summary>
    /// <param name="claimable">Gets those that are claimable now.</param>
    /// <returns>How many were opened; and the longest that a user has waited, in seconds.</returns>
    private Task<(long Opened, double LongestWait)> CloseAndOpenAsync(
        int most,
        HashSet<long> claimable,
        CancellationToken cancellationToken
    ) =>
        database.OnceByKeysAsync(
            batch =>
            {
                batch.Then(Sql.Get("SupersedeStale"));
                batch.Then(Sql.Get("ReopenSuperseded")).Add("opened_by", Traces.CurrentTick);
                batch
                    .Then(Sql.Get("OpenDue"))
                    .Add("opened_by", Traces.CurrentTick)
                    .Add("late_after", options.LateAfter)
                    .Add("missed_after", schedule.MissedAfter)
                    .Add("spread", schedule.Spread)
                    .Add("runs_max", (long)most);
                batch.Then(Sql.Get("ClaimableRuns"));
            },
            async (reader, token) =>
            {
                await ReadSupersededAsync(reader, token);
                await reader.NextResultAsync(token);
                await reader.ReadAsync(token);
                if (reader.GetInt64(1) is > 0 and var missed)
                {
                    Log.Abandoned(logger, missed, reader.GetInstant(2), schedule.MissedAfter);
                }

                var opened = reader.GetInt64(0);
                await reader.NextResultAsync(token);
                return (opened, await ReadClaimableAsync(reader, claimable, token));
            },
            cancellationToken
        );

    /// <returns>The longest that a user has waited, in seconds.</returns>
    private static async Task<double> ReadClaimableAsync(
        NpgsqlDataReader reader,
        HashSet<long> claimable,
        CancellationToken cancellationToken
    )
    {
        var longest = 0.0;
        while (await reader.ReadAsync(cancellationToken))
        {
            claimable.Add(reader.GetInt64(0));
            longest = Math.Max(longest, reader.GetNullable<double>(1) ?? 0);
        }

        return longest;
    }

    private async Task ReadSupersededAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
        {
            metrics.CountVerdict("superseded", "");
            Log.RunClosed(
                logger,
                $"{reader.GetString(0)}/{reader.GetString(1)}",
                reader.GetInstant(2),
                reader.GetInt64(3),
                "superseded",
                "no longer due"
            );
        }
    }

    /// <summary>Gives every user with open runs his turn, and finds what is to be done about schedules.</summary>
    /// <param name="queued">The last run whose user has been given a turn.</param>
    private Task<Found> LookAsync(long queued, CancellationToken cancellationToken) =>
        database.OnceByKeysAsync(
            batch =>
            {
                batch.Then(Sql.Get("QueueUsers")).Add("after", queued);
                AddRefused(batch.Then(Sql.Get("FindClosedDue")).Add("runs_max", (long)MovedOnMax));
                // Cron missions are nobody's to schedule but ours: they get their first nextRunAt as soon as seen.
                AddRefused(batch.Then(Sql.Get("FindUnscheduled")).Add("missions_max", (long)MovedOnMax));
                batch.Then(Sql.Get("TickGauges"));
            },
            ReadFoundAsync,
            cancellationToken
        );

    private async Task<Found> ReadFoundAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var found = new Found([], []);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.ClosedDue.Add(new Occurrence(ReadKey(reader, 1), reader.GetInstant(3)));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Unscheduled.Add(ReadKey(reader, 0));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        metrics.OpenOccurrences.Record(reader.GetInt64(0));
        metrics.TokensReserved.Record(reader.GetInt64(1));
        metrics.CountAgentDecision("skipped-concurrency", reader.GetInt64(2));
        return found;
    }

    private static MissionKey ReadKey(NpgsqlDataReader reader, int column) =>
        new(new UserId(reader.GetString(column)), new MissionId(reader.GetString(column + 1)));

    private void Remember(MissionKey mission, string? refusal)
    {
        if (refusal is null)
        {
            _refused.Remove(mission);
        }
        else if (_refused.Count < RefusedMax && _refused.Add(mission))
        {
            // Once: each tick tries it again.
            Log.ScheduleRefused(logger, mission.ToString(), refusal);
        }
    }

    private void AddRefused(NpgsqlBatchCommand command) =>
        command
            .Add("users", _refused.Select(mission => mission.UserId.Value).ToArray())
            .Add("records", _refused.Select(mission => mission.MissionId.Value).ToArray());

    private sealed record Found(List<Occurrence> ClosedDue, List<MissionKey> Unscheduled);
}

/// <param name="Opened">How many occurrences came due.</param>
/// <param name="Claimable">The runs that were open and claimable; planners may be at work on the first of them.</param>
public sealed record OpenReport(long Opened, IReadOnlyCollection<long> Claimable);
