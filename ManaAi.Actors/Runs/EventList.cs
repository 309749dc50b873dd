using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>What happened to runs: page by page, or as it comes.</summary>
public sealed class EventList(SyncDatabase database)
{
    /// <returns>The newest first; one more than asked for where there is a further page.</returns>
    public async Task<IReadOnlyList<RunEvent>> ReadAsync(
        EventFilter filter,
        int rowsMax,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("EventsPage"))
            .Add("before", filter.Before)
            .Add("user", filter.UserId)
            .Add("mission", filter.MissionId)
            .Add("rows_max", rowsMax + 1L);
        return await RunEvent.ReadAllAsync(command, cancellationToken);
    }

    /// <summary>What happened last to each of these runs, in no order.</summary>
    public async Task<IReadOnlyList<RunEvent>> LastOfAsync(
        IReadOnlyList<long> runs,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("LastEventsOfRuns"))
            .Add("runs", runs.ToArray());
        return await RunEvent.ReadAllAsync(command, cancellationToken);
    }

    /// <summary>Somebody begins to follow: behind this event, or where null behind the newest.</summary>
    public async Task<EventFollower> BeginAsync(
        long? last,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("BeginEvents")).Add("last", last);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new EventFollower(reader.GetInt64(0), time, reader.GetFieldValue<long[]>(1));
    }

    /// <summary>What is new to a follower.</summary>
    public async Task<IReadOnlyList<RunEvent>> FollowAsync(
        EventFollower follower,
        int rowsMax,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("EventsAfter"))
            .Add("after", follower.Last)
            .Add("ids", follower.Missing)
            .Add("rows_max", (long)rowsMax);
        return follower.Take(await RunEvent.ReadAllAsync(command, cancellationToken));
    }
}

/// <summary>Which events are asked for; null is any.</summary>
public sealed record EventFilter
{
    public string? UserId { get; init; }

    public string? MissionId { get; init; }

    /// <summary>The last event of the page before.</summary>
    public long? Before { get; init; }
}

/// <summary>One thing that happened to a run, or that an operator stopped, as the table has it.</summary>
/// <param name="Kind">
/// due, asked-for, claimed, taken-over, asked, answered, answer-refused, waits, handed-back, reopened, or a verdict; paused
/// or resumed, where ids are empty that the pause leaves open.
/// </param>
public sealed record RunEvent(long Id, DateTimeOffset At, string Kind, string UserId, string MissionId)
{
    public long? RunId { get; init; }

    public DateTimeOffset? DueAt { get; init; }

    public long? Epoch { get; init; }

    public string? Node { get; init; }

    public string? Detail { get; init; }

    internal static async Task<IReadOnlyList<RunEvent>> ReadAllAsync(
        NpgsqlCommand command,
        CancellationToken cancellationToken
    )
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<RunEvent>();
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(
                new RunEvent(
                    reader.GetInt64(0),
                    reader.GetInstant(1),
                    reader.GetString(2),
                    reader.GetString(3),
                    reader.GetString(4)
                )
                {
                    RunId = reader.GetNullable<long>(5),
                    DueAt = reader.GetNullable<DateTimeOffset>(6),
                    Epoch = reader.GetNullable<long>(7),
                    Node = reader.GetText(8),
                    Detail = reader.GetText(9),
                }
            );
        }

        return events;
    }
}
