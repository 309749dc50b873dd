using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Missions;

/// <summary>Answers about one mission, as the projection and the ledger have it.</summary>
public sealed class MissionLookup(SyncDatabase database)
{
    // What an operator reads on one page.
    private const int RunsMax = 20;

    /// <returns>null where no row of the change log ever named this mission.</returns>
    /// <param name="shape">How the log looks now; null leaves out who wrote the fields.</param>
    public async Task<MissionDetails?> FindAsync(
        MissionKey key,
        LogShape? shape,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var find = transaction
            .Command(Sql.Get("FindMission"))
            .Add("user", key.UserId.Value)
            .Add("mission", key.MissionId.Value);
        MissionDetails details;
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                return null;
            }

            details = ReadDetails(key, reader);
        }

        return details with
        {
            Runs = await ReadRunsAsync(transaction, key, cancellationToken),
            Writers = shape is null
                ? null
                : await FieldWriters.ReadAsync(transaction, shape, key, cancellationToken),
        };
    }

    /// <summary>An agent's record as a claim would read it; null where there is none to be read.</summary>
    public async Task<ReadOnlyMemory<byte>?> FindAgentAsync(
        UserId user,
        AgentId agent,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var find = transaction
            .Command(Sql.Get("FindAgent"))
            .Add("user", user.Value)
            .Add("agent", agent.Value);
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetJson(0) : null;
    }

    private static MissionDetails ReadDetails(MissionKey key, NpgsqlDataReader reader) =>
        new(key)
        {
            Record = reader.GetJson(0),
            FieldTimes = reader.GetJson(1),
            State = reader.GetText(2),
            NextRunAt = reader.GetNullable<DateTimeOffset>(3),
            Obstacle = reader.GetText(4),
            RunningUntil = reader.GetNullable<DateTimeOffset>(5),
            IsDeleted = reader.GetBoolean(6),
            Now = reader.GetInstant(7),
            IsCadenceNewer = reader.GetBoolean(8),
        };

    private static async Task<IReadOnlyList<RunDetails>> ReadRunsAsync(
        DatabaseTransaction transaction,
        MissionKey key,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("RunsOfMission"))
            .Add("user", key.UserId.Value)
            .Add("mission", key.MissionId.Value)
            .Add("runs_max", (long)RunsMax);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var runs = new List<RunDetails>();
        while (await reader.ReadAsync(cancellationToken))
        {
            runs.Add(RunDetails.Read(reader));
        }

        return runs;
    }
}

/// <summary>A mission as it stands in the projection, with its last runs.</summary>
public sealed record MissionDetails(MissionKey Key)
{
    /// <summary>The folded record, JSON in UTF-8; null where nothing is left of it.</summary>
    public ReadOnlyMemory<byte>? Record { get; init; }

    public ReadOnlyMemory<byte>? FieldTimes { get; init; }

    public string? State { get; init; }

    public DateTimeOffset? NextRunAt { get; init; }

    /// <summary>Why it is never due here; see <see cref="Obstacles"/>.</summary>
    public string? Obstacle { get; init; }

    public DateTimeOffset? RunningUntil { get; init; }

    public bool IsDeleted { get; init; }

    /// <summary>Its cadence was written after its nextRunAt, which then tells nothing of the user's zone.</summary>
    public bool IsCadenceNewer { get; init; }

    /// <summary>Who wrote each field; null where that is not known.</summary>
    public IReadOnlyDictionary<string, FieldWriter>? Writers { get; init; }

    /// <summary>The database's clock.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<RunDetails> Runs { get; init; } = [];
}
