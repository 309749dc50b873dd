using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Missions;

/// <summary>Answers about one mission, as the projection and the ledger have it.</summary>
public sealed class MissionLookup(SyncDatabase database)
{
    // What an operator reads on one page.
    private const int RunsMax = 20;

    /// <returns>null where no row of the change log ever named this mission.</returns>
    public async Task<MissionDetails?> FindAsync(MissionKey key, CancellationToken cancellationToken)
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
        };
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
            runs.Add(ReadRun(reader));
        }

        return runs;
    }

    private static RunDetails ReadRun(NpgsqlDataReader reader) =>
        new(reader.GetInt64(0), reader.GetInstant(1), reader.GetString(2))
        {
            Verdict = reader.GetText(3),
            Reason = reader.GetText(4),
            Detail = reader.GetText(5),
            Attempts = reader.GetInt32(6),
            Calls = reader.GetInt32(7),
            Missed = reader.GetInt32(8),
            WaitsFor = reader.GetText(9),
            LastError = reader.GetText(10),
            ClaimableAt = reader.GetInstant(11),
            Owner = reader.GetText(12),
            ClaimedAt = reader.GetNullable<DateTimeOffset>(13),
            ClosedAt = reader.GetNullable<DateTimeOffset>(14),
            PromptTokens = reader.GetInt64(15),
            CompletionTokens = reader.GetInt64(16),
            IterationId = reader.GetNullable<Guid>(17),
            AgentId = reader.GetText(18),
            Model = reader.GetText(19),
            CallsMs = reader.GetInt64(20),
            Periods = reader.GetInt32(21),
        };
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

    /// <summary>The database's clock.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<RunDetails> Runs { get; init; } = [];
}

/// <summary>A row of the run ledger, as an operator reads it.</summary>
/// <param name="Kind">scheduled or manual.</param>
public sealed record RunDetails(long RunId, DateTimeOffset DueAt, string Kind)
{
    /// <summary>planned, empty, failed, skipped or superseded; null while it is open.</summary>
    public string? Verdict { get; init; }

    public string? Reason { get; init; }

    public string? Detail { get; init; }

    public int Attempts { get; init; }

    public int Calls { get; init; }

    /// <summary>How many later occurrences had passed when it was made up for.</summary>
    public int Missed { get; init; }

    public string? WaitsFor { get; init; }

    public string? LastError { get; init; }

    public DateTimeOffset ClaimableAt { get; init; }

    /// <summary>The node that has it, or had it last.</summary>
    public string? Owner { get; init; }

    public DateTimeOffset? ClaimedAt { get; init; }

    public DateTimeOffset? ClosedAt { get; init; }

    public long PromptTokens { get; init; }

    public long CompletionTokens { get; init; }

    public Guid? IterationId { get; init; }

    /// <summary>The agent that it was claimed for.</summary>
    public string? AgentId { get; init; }

    public string? Model { get; init; }

    /// <summary>How long its calls took together, in milliseconds.</summary>
    public long CallsMs { get; init; }

    /// <summary>By how many periods its end moved the schedule: more than one after several failures.</summary>
    public int Periods { get; init; } = 1;
}
