using System.Text;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>A row of ours for the change log: the fields it writes of a mission, each with its stamp.</summary>
internal sealed record OwnRow(
    LockedMission Mission,
    Guid Id,
    IReadOnlyList<ChangedField> Fields,
    ChangeActor Actor
)
{
    /// <summary>How long `data` is as JSON in UTF-8.</summary>
    public long DataBytes => 1L + Fields.Sum(one => one.Name.Length + one.Json.Length + 4);

    private string UserId => Mission.Key.UserId.Value;

    private string RecordId => Mission.Key.MissionId.Value;

    /// <summary>
    /// Adds everything that puts these rows into the log and the projection, as the last statements before COMMIT.
    /// </summary>
    public static void AddTo(NpgsqlBatch batch, LogAccess access, IReadOnlyList<OwnRow> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        ProjectionStore.AddFolded(batch, [.. rows.SelectMany(row => row.Mission.Read)]);
        batch
            .Then(Sql.Get("RecordOwnChanges"))
            .Add("ids", rows.Select(row => row.Id).ToArray())
            .Add("users", rows.Select(row => row.UserId).ToArray())
            .Add("records", rows.Select(row => row.RecordId).ToArray());
        batch
            .Then(Sql.Get("TakeWrittenAt"))
            .Add("position_at", rows.Max(row => row.Mission.Projection.Position.CreatedAt));
        var save = batch.Then(Sql.Get("SaveWrittenMissions"));
        ProjectionStore.AddMissionColumns(save, [.. rows.Select(row => row.Project())]);
        save.Add("write_iterations", rows.Select(row => row.WritesIterations).ToArray());
        access.TakeUserRole(batch);
        foreach (var row in rows)
        {
            LogAccess.ActAs(batch, row.Mission.Key.UserId);
            row.AddInsert(batch, access.Shape);
        }
    }

    private bool WritesIterations => Fields.Any(one => one.Name == "iterations");

    private ProjectedRecord Project()
    {
        var projection = Mission.Projection;
        projection.Fold.Apply(
            new Change(new ChangePosition(Mission.Now, Id), ChangeOp.Update, [.. Fields], null)
        );
        var projected = projection.ToRecord();
        // When is known to the database alone.
        return projected with
        {
            Stored = projected.Stored with { Position = projection.Position with { Id = Id } },
        };
    }

    private void AddInsert(NpgsqlBatch batch, LogShape shape)
    {
        var insert = batch
            .Then(shape.Statement("InsertIteration"))
            .Add("id", Id)
            .Add("user", UserId)
            .Add("record", RecordId);
        AddJson(insert, "data", Data());
        AddJson(insert, "stamps", Stamps());
        AddJson(insert, "actor", Actor.Json);
        if (shape.HasOrigin)
        {
            insert.Add("origin", Actor.Origin);
        }

        if (shape.HasSpaceId)
        {
            insert.Parameters.Add(
                new NpgsqlParameter("space", NpgsqlTypes.NpgsqlDbType.Text)
                {
                    Value = (object?)Mission.Projection.Fold.Text("spaceId") ?? DBNull.Value,
                }
            );
        }
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
