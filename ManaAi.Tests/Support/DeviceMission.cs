using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Tests.Support;

/// <summary>A mission as a device writes it; what a test does not care about has a plausible value.</summary>
/// <param name="DueAt">Its nextRunAt; null leaves the field out.</param>
internal sealed record DeviceMission(string Id, DateTimeOffset? DueAt)
{
    public string UserId { get; init; } = "user-1";

    public string Objective { get; init; } = "Read one book a month";

    public string State { get; init; } = "active";

    /// <summary>JSON text.</summary>
    public string Cadence { get; init; } = """{"kind":"interval","everyMinutes":60}""";

    public string? AgentId { get; init; }

    public string? SpaceId { get; init; }

    /// <summary>JSON texts, newest last.</summary>
    public IReadOnlyList<string> Iterations { get; init; } = [];

    /// <summary>The row by which the device made it, long before anything that happens in a test.</summary>
    public DeviceChange ToInsert()
    {
        var record = new JsonObject
        {
            ["id"] = Id,
            ["createdAt"] = "2020-01-01T00:00:00.000Z",
            ["updatedAt"] = "2020-01-01T00:00:00.000Z",
            ["title"] = "Reading",
            ["objective"] = Objective,
            ["conceptMarkdown"] = "One chapter an evening.",
            ["state"] = State,
            ["cadence"] = JsonNode.Parse(Cadence),
            ["inputs"] = new JsonArray(),
            ["iterations"] = new JsonArray([.. Iterations.Select(one => JsonNode.Parse(one))]),
        };
        Add("nextRunAt", DueAt is { } dueAt ? IsoText.Microseconds(dueAt) : null);
        Add("agentId", AgentId);
        Add("spaceId", SpaceId);
        return new DeviceChange(Id, record.ToJsonString()) { UserId = UserId };

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                record[name] = value;
            }
        }
    }

    /// <summary>A later edit of one field.</summary>
    /// <param name="json">The field's new value as JSON text.</param>
    /// <param name="stamp">When the device says that it was written.</param>
    public DeviceChange ToEdit(LogGeneration generation, string field, string json, string stamp) =>
        new(Id, new JsonObject { [field] = JsonNode.Parse(json) }.ToJsonString())
        {
            UserId = UserId,
            Op = "update",
            Times =
                generation is LogGeneration.One
                    ? JsonSerializer.Serialize(new Dictionary<string, string> { [field] = stamp })
                    : new JsonObject
                    {
                        [field] = new JsonObject
                        {
                            ["at"] = stamp,
                            ["origin"] = "user",
                            ["actor"] = new JsonObject { ["kind"] = "user" },
                        },
                    }.ToJsonString(),
        };
}

/// <summary>Iterations as devices write them, as JSON text.</summary>
internal static class DeviceIteration
{
    public static string Approved(string id) =>
        $$"""{"id":"{{id}}","startedAt":"2020-02-01T00:00:00.000Z","plan":[],"overallStatus":"approved"}""";

    public static string Running(string id, string startedAt) =>
        $$"""{"id":"{{id}}","startedAt":"{{startedAt}}","plan":[],"overallStatus":"running","source":"browser"}""";
}
