using System.Text;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>A row of ours for the change log: the fields it writes, each with its stamp.</summary>
internal sealed record OwnRow(Guid Id, IReadOnlyList<ChangedField> Fields, ChangeActor Actor)
{
    /// <summary>How long `data` is as JSON in UTF-8.</summary>
    public long DataBytes => 1L + Fields.Sum(one => one.Name.Length + one.Json.Length + 4);

    /// <summary>
    /// Adds everything that puts this row into the log and the projection, as the last statements before COMMIT.
    /// </summary>
    public void AddTo(NpgsqlBatch batch, LogAccess access, MissionKey key, LockedMission mission)
    {
        var before = mission.Projection.Position;
        mission.Projection.Fold.Apply(
            new Change(new ChangePosition(mission.Now, Id), ChangeOp.Update, [.. Fields], null)
        );
        batch.Then(Sql.Get("TakeWrittenAt")).Add("position_at", before.CreatedAt);
        AddProjection(batch, key, mission);
        ProjectionStore.AddFolded(batch, mission.Read);
        batch
            .Then(Sql.Get("RecordOwnChange"))
            .Add("id", Id)
            .Add("user", key.UserId.Value)
            .Add("record", key.MissionId.Value);

        access.BecomeUser(batch, key.UserId);
        var insert = batch
            .Then(access.Shape.Statement("InsertIteration"))
            .Add("id", Id)
            .Add("user", key.UserId.Value)
            .Add("record", key.MissionId.Value);
        AddJson(insert, "data", Data());
        AddJson(insert, "stamps", Stamps());
        AddJson(insert, "actor", Actor.Json);
        if (access.Shape.HasOrigin)
        {
            insert.Add("origin", Actor.Origin);
        }

        if (access.Shape.HasSpaceId)
        {
            insert.Parameters.Add(
                new NpgsqlParameter("space", NpgsqlTypes.NpgsqlDbType.Text)
                {
                    Value = (object?)mission.Projection.Fold.Text("spaceId") ?? DBNull.Value,
                }
            );
        }
    }

    private void AddProjection(NpgsqlBatch batch, MissionKey key, LockedMission mission)
    {
        var projected = mission.Projection.ToRecord();
        var state = projected.Mission!;
        batch
            .Then(Sql.Get("SaveWrittenMission"))
            .Add("user", key.UserId.Value)
            .Add("record", key.MissionId.Value)
            .Add("json", Encoding.UTF8.GetString(projected.Stored.Record!.Value.Span))
            .Add("times", Encoding.UTF8.GetString(projected.Stored.FieldTimes!.Value.Span))
            .Add("state", state.State)
            .Add("next_run_at", state.NextRunAt)
            .Add("agent", state.AgentId)
            .Add("deleted", state.IsDeleted)
            .Add("obstacle", state.Obstacle)
            .Add("running_until", state.RunningUntil)
            .Add("needs_schedule", state.NeedsSchedule)
            .Add("writes_iterations", Fields.Any(field => field.Name == "iterations"))
            .Add("iterations_at", projected.Stored.IterationsAt)
            .Add("newer_schema", projected.Stored.NewerSchema)
            .Add("position_id", Id);
    }

    private static void AddJson(NpgsqlBatchCommand command, string name, string json) =>
        command.Parameters.Add(new NpgsqlParameter(name, NpgsqlTypes.NpgsqlDbType.Jsonb) { Value = json });

    private string Data() =>
        "{"
        + string.Join(
            ",",
            Fields.Select(field => $"\"{field.Name}\":{Encoding.UTF8.GetString(field.Json.Span)}")
        )
        + "}";

    private string Stamps() =>
        JsonSerializer.Serialize(
            Fields.ToDictionary(field => field.Name, field => field.Time, StringComparer.Ordinal)
        );
}
