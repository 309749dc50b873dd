using System.Globalization;
using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Tests.ChangeLog;

/// <summary>
/// Draws a record's rows: few fields and few times, so that ties, late edits, deletions and revivals are common.
/// </summary>
internal sealed class RandomLog(int seed, LogGeneration generation)
{
    private static readonly string[] Fields =
    [
        "title",
        "state",
        "nextRunAt",
        "iterations",
        "updatedAt",
        "deletedAt",
        "Ünïcode \u0007\"",
    ];

    private readonly Random _random = new(seed);
    private int _rows;

    public JsonObject[] Rows(int count) => [.. Enumerable.Range(0, count).Select(_ => Row())];

    public int Below(int bound) => _random.Next(bound);

    public JsonObject Row()
    {
        var number = _rows++;
        var second = number / 2; // Rows of one transaction share their created_at.
        var row = new JsonObject
        {
            ["id"] = LogRows.GuidOf(number).ToString(),
            ["user_id"] = "user-1",
            ["record_id"] = "m1",
            ["created_at"] = new DateTimeOffset(2026, 4, 20, 0, 0, 0, TimeSpan.Zero)
                .AddSeconds(second)
                .ToString("O", CultureInfo.InvariantCulture),
        };
        switch (_random.Next(10))
        {
            case < 2:
                return Write(row, "insert");
            case < 8:
                return Write(row, "update");
            default:
                row["op"] = "delete";
                row["data"] = _random.Next(3) == 0 ? null : new JsonObject { ["deletedAt"] = Time() };
                return row;
        }
    }

    /// <summary>A row that must do nothing: undecodable, refused or newer than what is understood.</summary>
    public (JsonObject Row, bool IsReported) UnsoundRow()
    {
        var row = Row();
        row["op"] = "update";
        row["data"] = new JsonObject { ["title"] = "unsound" };
        row[LogRows.StampsColumn(generation)] = new JsonObject { ["title"] = "zzz" };
        switch (_random.Next(6))
        {
            case 0:
                row["data"] = new JsonArray("title");
                return (row, true);
            case 1:
                row[LogRows.StampsColumn(generation)] = new JsonObject { ["title"] = 7 };
                return (row, true);
            case 2:
                row["op"] = "upsert";
                return (row, true);
            case 3:
                row["schema_version"] = 2;
                return (row, true);
            case 4:
                row["op"] = "insert";
                row["data"] = new JsonObject { ["title"] = "unsound", ["updatedAt"] = false };
                return (row, true);
            default:
                row["actor"] = "user";
                return (row, false);
        }
    }

    private JsonObject Write(JsonObject row, string op)
    {
        var data = new JsonObject();
        var times = new JsonObject();
        foreach (var field in Fields.Where(_ => _random.Next(3) == 0))
        {
            data[field] = Value(field);
            if (_random.Next(8) > 0)
            {
                times[field] = Stamp();
            }
        }

        row["op"] = op;
        row["data"] = data;
        row[LogRows.StampsColumn(generation)] = times;
        return row;
    }

    private JsonNode? Value(string field) =>
        field switch
        {
            "state" => _random.Next(2) == 0 ? "active" : "paused",
            "updatedAt" or "nextRunAt" => Time(),
            "deletedAt" => _random.Next(2) == 0 ? null : Time(),
            "iterations" => new JsonArray(
                new JsonObject { ["overallStatus"] = "running", ["startedAt"] = Time() }
            ),
            _ => _random.Next(4) switch
            {
                0 => JsonNode.Parse("""{"b": [1.50, 1e3, -2.5E-3], "a": null}"""),
                1 => null,
                2 => _random.Next(),
                _ => $"a text \\ \" / \u2028 😀 {_random.Next()}",
            },
        };

    private JsonNode? Stamp() =>
        _random.Next(12) switch
        {
            0 => null,
            1 or 2 when generation == LogGeneration.Two => new JsonObject { ["actor"] = 1, ["at"] = Time() },
            _ => Time(),
        };

    private string Time() =>
        _random.Next(20) == 0
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $"2026-04-{_random.Next(15, 24)}T0{_random.Next(3)}:00:00.000Z"
            );
}
