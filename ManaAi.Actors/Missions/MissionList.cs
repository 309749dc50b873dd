using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Missions;

/// <summary>Missions for an operator, page by page, each in the order of an index.</summary>
public sealed class MissionList(SyncDatabase database)
{
    /// <returns>One more than asked for where there is a further page.</returns>
    public async Task<IReadOnlyList<MissionSummary>> ReadAsync(
        MissionFilter filter,
        int rowsMax,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get(StatementOf(filter)))
            .Add("user", filter.UserId)
            .Add("agent", filter.AgentId)
            .Add("after_user", filter.After?.Key.UserId.Value)
            .Add("after_mission", filter.After?.Key.MissionId.Value)
            .Add("rows_max", rowsMax + 1L);
        if (filter.IsDue)
        {
            command.Add("is_failing", filter.IsFailing).Add("after_due", filter.After?.NextRunAt);
        }
        else
        {
            command.Add("state", filter.State).Add("is_deleted", filter.IsDeleted);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var missions = new List<MissionSummary>();
        while (await reader.ReadAsync(cancellationToken))
        {
            missions.Add(Read(reader));
        }

        return missions;
    }

    private static string StatementOf(MissionFilter filter) =>
        (filter.IsDue, filter.IsFailing) switch
        {
            (true, _) => "DueMissionsPage",
            (_, true) => "FailingMissionsPage",
            _ => "MissionsPage",
        };

    private static MissionSummary Read(NpgsqlDataReader reader) =>
        new(new MissionKey(new UserId(reader.GetString(0)), new MissionId(reader.GetString(1))))
        {
            State = reader.GetText(2),
            NextRunAt = reader.GetNullable<DateTimeOffset>(3),
            AgentId = reader.GetText(4),
            IsDeleted = reader.GetBoolean(5),
            Obstacle = reader.GetText(6),
            RunningUntil = reader.GetNullable<DateTimeOffset>(7),
            LastVerdict = reader.GetText(8),
            LastReason = reader.GetText(9),
            LastClosedAt = reader.GetNullable<DateTimeOffset>(10),
            OpenRunId = reader.GetNullable<long>(11),
            IsClaimed = reader.GetNullable<bool>(12) ?? false,
        };
}

/// <summary>Which missions are asked for; null is any.</summary>
public sealed record MissionFilter
{
    public string? UserId { get; init; }

    public string? AgentId { get; init; }

    public string? State { get; init; }

    /// <summary>Those that are gone, instead of those that are there.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>Due by the record alone; what holds a run back does not matter here.</summary>
    public bool IsDue { get; init; }

    /// <summary>The last run that was planned ended as failed.</summary>
    public bool IsFailing { get; init; }

    /// <summary>The last mission of the page before.</summary>
    public MissionPlace? After { get; init; }
}

/// <summary>Where a page of missions ends.</summary>
/// <param name="NextRunAt">Only where due missions are listed: those come in its order.</param>
public sealed record MissionPlace(MissionKey Key, DateTimeOffset? NextRunAt);

/// <summary>A line of the list of missions.</summary>
public sealed record MissionSummary(MissionKey Key)
{
    public string? State { get; init; }

    public DateTimeOffset? NextRunAt { get; init; }

    public string? AgentId { get; init; }

    public bool IsDeleted { get; init; }

    /// <summary>Why it is never due here; see <see cref="Obstacles"/>.</summary>
    public string? Obstacle { get; init; }

    public DateTimeOffset? RunningUntil { get; init; }

    /// <summary>How its last closed run ended.</summary>
    public string? LastVerdict { get; init; }

    public string? LastReason { get; init; }

    public DateTimeOffset? LastClosedAt { get; init; }

    /// <summary>The run that is under way or waits.</summary>
    public long? OpenRunId { get; init; }

    /// <summary>A node holds it.</summary>
    public bool IsClaimed { get; init; }
}
