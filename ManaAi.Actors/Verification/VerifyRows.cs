using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using Npgsql;

namespace ManaAi.Actors.Verification;

/// <summary>A row of the log, and how it stands to the service.</summary>
/// <param name="IsOwn">The service wrote it.</param>
/// <param name="IsPending">The feed has still to fold it.</param>
internal sealed record LoggedChange(ChangeRow Row, bool IsOwn, bool IsPending);

/// <summary>A row of the ledger.</summary>
internal sealed record LoggedRun(long RunId, Occurrence Occurrence)
{
    public required RecordKey Key { get; init; }
    public required string? Verdict { get; init; }
    public required Guid? IterationId { get; init; }
    public required DateTimeOffset? ClosedAt { get; init; }
    public required bool HasLease { get; init; }

    /// <summary>Whether it ended with an iteration, and so with a row in the log.</summary>
    public bool HasIteration => Verdict is "planned" or "empty" or "failed";

    public Finding Finding(string invariant, string kind, Severity severity, string message) =>
        new(invariant, kind, severity, message)
        {
            Record = Key,
            DueAt = Occurrence.DueAt,
            RunId = RunId,
        };
}

/// <summary>Reads the columns of Sql/verify.sql.</summary>
internal static class VerifyRows
{
    public static LoggedChange ReadChange(NpgsqlDataReader reader) =>
        new(ChangeRowReader.Read(reader, 0), reader.GetBoolean(11), reader.GetBoolean(12));

    public static ProjectedRecord ReadMission(NpgsqlDataReader reader) =>
        new(
            ProjectionStore.Read(reader, RecordKey.MissionsTable),
            new MissionState(
                reader.GetText(8),
                reader.GetNullable<DateTimeOffset>(9),
                reader.GetText(10),
                reader.GetBoolean(11),
                reader.GetText(12),
                reader.GetNullable<DateTimeOffset>(13)
            )
            {
                NeedsSchedule = reader.GetBoolean(14),
            },
            null
        );

    public static ProjectedRecord ReadAgent(NpgsqlDataReader reader) =>
        new(
            ProjectionStore.Read(reader, RecordKey.AgentsTable),
            null,
            new AgentState(
                reader.GetText(8),
                reader.GetText(9),
                reader.GetNullable<int>(10),
                reader.GetNullable<long>(11),
                reader.GetBoolean(12)
            )
        );

    public static LoggedRun ReadRun(NpgsqlDataReader reader)
    {
        var (user, mission) = (reader.GetString(0), reader.GetString(1));
        var key = new MissionKey(new UserId(user), new MissionId(mission));
        return new LoggedRun(reader.GetInt64(2), new Occurrence(key, reader.GetInstant(3)))
        {
            Key = new RecordKey(user, RecordKey.App, RecordKey.MissionsTable, mission),
            Verdict = reader.GetText(4),
            IterationId = reader.GetNullable<Guid>(5),
            ClosedAt = reader.GetNullable<DateTimeOffset>(6),
            HasLease = reader.GetBoolean(7),
        };
    }
}
