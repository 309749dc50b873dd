using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Missions;

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

    public DateTimeOffset OpenedAt { get; init; }

    /// <summary>Until when the claim lives; null where nobody holds it.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>The failed run that this one repeats.</summary>
    public long? RetryOf { get; init; }

    /// <summary>The columns that every statement over runs for operators begins with, in this order.</summary>
    internal static RunDetails Read(NpgsqlDataReader reader) =>
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
            OpenedAt = reader.GetInstant(22),
            LeaseUntil = reader.GetNullable<DateTimeOffset>(23),
            RetryOf = reader.GetNullable<long>(24),
        };
}
