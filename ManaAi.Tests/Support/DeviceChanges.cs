using System.Text.Json;

namespace ManaAi.Tests.Support;

/// <summary>Rows of mission-1 as devices write them; tests change what they care about by `with`.</summary>
internal static class DeviceChanges
{
    public const string RecordId = "mission-1";

    /// <summary>A whole mission, all of it written at the time given.</summary>
    public static DeviceChange Insert(string title, string time = "2026-01-01T00:00:00.000Z") =>
        new(
            RecordId,
            $$"""
            {"title": "{{title}}", "objective": "Keep at it", "state": "active", "createdAt": "{{time}}",
             "updatedAt": "{{time}}", "nextRunAt": "2026-02-01T08:00:00.000Z",
             "cadence": {"kind": "daily", "atHour": 8, "atMinute": 0}, "iterations": []}
            """
        );

    public static DeviceChange Update(string field, string value, string time) =>
        new(RecordId, $$"""{"{{field}}": {{JsonSerializer.Serialize(value)}}}""")
        {
            Op = "update",
            Times = $$"""{"{{field}}": "{{time}}"}""",
        };

    public static DeviceChange Title(string title, string time) => Update("title", title, time);

    /// <summary>Removes the record; what is written afterwards makes a new one of whatever fields it has.</summary>
    public static DeviceChange HardDelete { get; } = new(RecordId, "{}") { Op = "delete" };

    public static DeviceChange SoftDelete(string time) =>
        new(RecordId, $$"""{"deletedAt": "{{time}}"}""") { Op = "delete" };

    /// <summary>A UUID by its rank, for rows of one created_at, whose order is that of their ids.</summary>
    public static Guid Id(int rank) => new($"00000000-0000-4000-8000-{rank:x12}");
}
