using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;

namespace ManaAi.Tests.Missions;

/// <summary>A record that one insert made, sound but for what a test changes about it.</summary>
internal static class MissionRecord
{
    public static DateTimeOffset WrittenAt { get; } = new(2026, 4, 20, 12, 0, 0, TimeSpan.Zero);

    /// <param name="changes">A JSON object; a member that is the text "absent" is left out.</param>
    public static RecordFold Fold(string changes)
    {
        var record = JsonNode
            .Parse(
                """
                {"title":"t","objective":"o","conceptMarkdown":"c","state":"active","cadence":{"kind":"manual"},
                 "nextRunAt":"2026-04-20T10:00:00.000Z","createdAt":"2026-04-15T09:00:00.000Z"}
                """
            )!
            .AsObject();
        foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject())
        {
            if (value is JsonValue text && text.TryGetValue<string>(out var word) && word == "absent")
            {
                record.Remove(name);
            }
            else
            {
                record[name] = value?.DeepClone();
            }
        }

        return FoldOf(record.ToJsonString());
    }

    public static RecordFold FoldOf(string record)
    {
        var projection = new RecordProjection(
            LogGeneration.Two,
            new RecordKey("user-1", RecordKey.App, RecordKey.MissionsTable, "m1")
        );
        projection.Add(
            new ChangeRow(
                new RecordKey("user-1", RecordKey.App, RecordKey.MissionsTable, "m1"),
                new ChangePosition(WrittenAt, Guid.Empty),
                "insert",
                Encoding.UTF8.GetBytes(record),
                null,
                1,
                false
            )
        );
        projection.Unfolded.ShouldBeEmpty();
        return projection.Fold;
    }

    public static JsonElement Element(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>A value of each kind, none of which a device writes where a test puts it.</summary>
    public static string[] Oddities { get; } =
    [
        "null",
        "true",
        "-0",
        "1e400",
        "-7.5",
        "\"\"",
        "\"odd\"",
        "\"enc:1:odd\"",
        "[]",
        "[null,1,\"a\",[],{}]",
        "{}",
        "{\"tools\":[],\"kind\":7,\"plan\":{}}",
        "[{\"id\":1,\"plan\":[null,{\"intent\":[],\"summary\":{}},7],\"overallStatus\":\"running\",\"startedAt\":1}]",
    ];
}
