using System.Text.Json;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Simulation;

/// <summary>All that a check looks at, as one statement saw it.</summary>
internal sealed class SimulationState
{
    private const string Query = """
        select jsonb_build_object(
          'now', clock_timestamp(),
          'runs', (select coalesce(jsonb_agg(to_jsonb(r) order by run_id), '[]') from mana_ai.runs r),
          'rows', (select coalesce(jsonb_agg(to_jsonb(c) order by created_at, id), '[]') from public.sync_changes c
                    where table_name = 'aiMissions'),
          'missions', (select coalesce(jsonb_agg(to_jsonb(m)), '[]') from mana_ai.missions m))::text
        """;

    private SimulationState(JsonElement root)
    {
        Now = root.GetProperty("now").GetDateTimeOffset();
        Runs = root.GetProperty("runs")
            .EnumerateArray()
            .Select(one => new RunState(one))
            .ToDictionary(one => one.Id);
        Rows = [.. root.GetProperty("rows").EnumerateArray().Select(one => new LogRow(one))];
        Missions = root.GetProperty("missions")
            .EnumerateArray()
            .ToDictionary(one => (one.Text("user_id")!, one.Text("mission_id")!));
    }

    /// <summary>By the database's clock.</summary>
    public DateTimeOffset Now { get; }

    public IReadOnlyDictionary<long, RunState> Runs { get; }

    /// <summary>The change log of missions, in the order of the fold.</summary>
    public IReadOnlyList<LogRow> Rows { get; }

    /// <summary>The projection's rows, by user and mission.</summary>
    public IReadOnlyDictionary<(string UserId, string MissionId), JsonElement> Missions { get; }

    /// <summary>Missions that a tick would open.</summary>
    public IEnumerable<string> Due =>
        from mission in Missions.Values
        where mission.Text("state") == "active" && !mission.GetProperty("deleted").GetBoolean()
        where mission.Text("obstacle") is null && mission.Instant("next_run_at") <= Now
        select mission.Text("mission_id")!;

    public static async Task<SimulationState> ReadAsync(TestDatabase database)
    {
        using var document = JsonDocument.Parse((await database.ReadAsync<string>(Query))!);
        return new SimulationState(document.RootElement.Clone());
    }
}

/// <summary>A row of the ledger.</summary>
internal sealed class RunState(JsonElement row)
{
    public JsonElement Row => row;

    public long Id { get; } = row.GetProperty("run_id").GetInt64();

    public Occurrence Occurrence { get; } =
        new(
            new MissionKey(new UserId(row.Text("user_id")!), new MissionId(row.Text("mission_id")!)),
            row.Instant("due_at")!.Value
        );

    public long Epoch { get; } = row.GetProperty("epoch").GetInt64();

    public string? Verdict { get; } = row.Text("verdict");

    public string? Reason { get; } = row.Text("reason");

    public DateTimeOffset? LeaseUntil { get; } = row.Instant("lease_until");

    public int Calls { get; } = row.GetProperty("calls").GetInt32();

    public int Attempts { get; } = row.GetProperty("attempts").GetInt32();

    public int Answers { get; } = row.GetProperty("answers").GetArrayLength();

    /// <summary>It has an iteration in the log.</summary>
    public bool IsTold => Verdict is "planned" or "empty" or "failed";

    public override string ToString() => $"run {Id} of {Occurrence.Mission} due {Occurrence.DueAt:O}";
}

/// <summary>A row of the change log.</summary>
internal sealed class LogRow(JsonElement row)
{
    public Guid Id { get; } = row.GetProperty("id").GetGuid();

    public (string UserId, string MissionId) Record { get; } = (row.Text("user_id")!, row.Text("record_id")!);

    public bool IsOwn { get; } = row.Text("client_id") == "mana-ai-runner";

    public JsonElement Data { get; } = row.GetProperty("data");

    public IReadOnlyList<string> IterationIds => DeviceView.IterationIds(Data);

    public bool HasIterations => Data.TryGetProperty("iterations", out _);

    /// <summary>When a field was written; the empty text where the row does not say.</summary>
    public string Stamp(string field)
    {
        var stamps = row.TryGetProperty("field_meta", out var meta)
            ? meta
            : row.GetProperty("field_timestamps");
        if (!stamps.TryGetProperty(field, out var stamp))
        {
            return "";
        }

        return stamp.ValueKind == JsonValueKind.Object ? stamp.Text("at")! : stamp.GetString()!;
    }
}

internal static class JsonFields
{
    public static string? Text(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    public static DateTimeOffset? Instant(this JsonElement element, string name) =>
        element.Text(name) is { } text
            ? DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
            : null;
}
