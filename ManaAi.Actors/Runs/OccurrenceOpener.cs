using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>
/// Turns due missions into open occurrences, and closes those that are no longer due. Each statement is a transaction
/// of its own and skips rows that others hold: two nodes may do this at once, and what one leaves the next tick finds.
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

    /// <returns>How many were opened, and the runs that are open and claimable now.</returns>
    public async Task<(long Opened, IReadOnlyList<long> Claimable)> OpenAsync(
        LogAccess access,
        bool isDryRun,
        CancellationToken cancellationToken
    )
    {
        await SupersedeStaleAsync(cancellationToken);
        await ExecuteAsync("ReopenSuperseded", cancellationToken);
        var (all, opened) = (0L, 0L);
        do
        {
            opened = await OpenDueAsync(cancellationToken);
            all += opened;
        } while (opened == options.OpenedMax); // A herd is opened in several statements.

        if (options.IsScheduleAdvanced && !isDryRun)
        {
            await MoveOnClosedAsync(access, cancellationToken);
            await ScheduleFirstAsync(access, cancellationToken);
        }

        await ExecuteAsync("QueueUsers", cancellationToken);
        return (all, await FindClaimableAsync(cancellationToken));
    }

    private async Task SupersedeStaleAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using (var command = transaction.Command(Sql.Get("SupersedeStale")))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
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

        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<long> OpenDueAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("OpenDue"))
            .Add("late_after", options.LateAfter)
            .Add("missed_after", schedule.MissedAfter)
            .Add("spread", schedule.Spread)
            .Add("runs_max", (long)options.OpenedMax);
        long opened;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            opened = reader.GetInt64(0);
            if (reader.GetInt64(1) is > 0 and var missed)
            {
                Log.Abandoned(logger, missed, reader.GetInstant(2), schedule.MissedAfter);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return opened;
    }

    /// <summary>Cron missions are nobody's to schedule but ours: they get their first nextRunAt as soon as seen.</summary>
    private async Task ScheduleFirstAsync(LogAccess access, CancellationToken cancellationToken)
    {
        foreach (var mission in await FindUnscheduledAsync(cancellationToken))
        {
            Remember(mission, await writer.ScheduleFirstAsync(access, mission, cancellationToken));
        }
    }

    private void Remember(MissionKey mission, bool isRefused)
    {
        if (!isRefused)
        {
            _refused.Remove(mission);
        }
        else if (_refused.Count < RefusedMax)
        {
            _refused.Add(mission);
        }
    }

    private void AddRefused(NpgsqlCommand command) =>
        command
            .Add("users", _refused.Select(mission => mission.UserId.Value).ToArray())
            .Add("records", _refused.Select(mission => mission.MissionId.Value).ToArray());

    private async Task<List<MissionKey>> FindUnscheduledAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("FindUnscheduled"))
            .Add("missions_max", (long)MovedOnMax);
        AddRefused(command);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var missions = new List<MissionKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            missions.Add(new MissionKey(new UserId(reader.GetString(0)), new MissionId(reader.GetString(1))));
        }

        return missions;
    }

    private async Task MoveOnClosedAsync(LogAccess access, CancellationToken cancellationToken)
    {
        foreach (var occurrence in await FindClosedDueAsync(cancellationToken))
        {
            Remember(occurrence.Mission, await writer.MoveOnAsync(access, occurrence, cancellationToken));
        }
    }

    private async Task<List<Occurrence>> FindClosedDueAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("FindClosedDue"))
            .Add("runs_max", (long)MovedOnMax);
        AddRefused(command);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var occurrences = new List<Occurrence>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var key = new MissionKey(new UserId(reader.GetString(1)), new MissionId(reader.GetString(2)));
            occurrences.Add(new Occurrence(key, reader.GetInstant(3)));
        }

        return occurrences;
    }

    private async Task<IReadOnlyList<long>> FindClaimableAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("ClaimableRuns"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var runs = new List<long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            runs.Add(reader.GetInt64(0));
        }

        return runs;
    }

    private async Task ExecuteAsync(string statement, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get(statement));
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
