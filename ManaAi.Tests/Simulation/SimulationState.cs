using System.Diagnostics;
using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using Npgsql;

namespace ManaAi.Tests.Simulation;

/// <summary>All that a check looks at, as one statement saw it.</summary>
/// <remarks>
/// There is a look after each commit, so what is as it was at the last one is held and not read again. The version of a
/// row is its key and its xmin: the transaction that wrote it.
/// </remarks>
internal sealed class SimulationState
{
    private const string Query = """
        select clock_timestamp(), runs.*, log.*, missions.*
          from (select array_agg(version order by run_id),
                       (jsonb_object_agg(version, to_jsonb(r)) filter (where version <> all (@held)))::text
                  from mana_ai.runs r cross join lateral (select concat(run_id, '@', r.xmin)) v (version)) runs,
               (select array_agg(version order by created_at, id),
                       (jsonb_object_agg(version, to_jsonb(c)) filter (where version <> all (@held)))::text
                  from public.sync_changes c cross join lateral (select concat(id, '@', c.xmin)) v (version)
                 where table_name = 'aiMissions') log,
               (select array_agg(version order by user_id, mission_id),
                       (jsonb_object_agg(version, to_jsonb(m)) filter (where version <> all (@held)))::text
                  from mana_ai.missions m
                       cross join lateral (select concat(user_id, '/', mission_id, '@', m.xmin)) v (version)) missions
        """;

    private static readonly SimulationState _nothing = new(default, new(), new(), new());

    private readonly HeldRows<RunState> _runs;
    private readonly HeldRows<LogRow> _rows;
    private readonly HeldRows<JsonElement> _missions;
    private readonly long _readAt = Stopwatch.GetTimestamp();

    private SimulationState(
        DateTimeOffset now,
        HeldRows<RunState> runs,
        HeldRows<LogRow> rows,
        HeldRows<JsonElement> missions
    )
    {
        (Now, _runs, _rows, _missions) = (now, runs, rows, missions);
        Runs = runs.All.ToDictionary(one => one.Id);
        RowsOf = rows.All.ToLookup(one => one.Record);
        Missions = missions.All.ToDictionary(one => (one.Text("user_id")!, one.Text("mission_id")!));
    }

    /// <summary>By the database's clock.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>The same clock now, which nobody needs to ask the database for.</summary>
    public DateTimeOffset Later => Now + Stopwatch.GetElapsedTime(_readAt);

    public IReadOnlyDictionary<long, RunState> Runs { get; }

    /// <summary>The change log of missions, in the order of the fold.</summary>
    public IReadOnlyList<LogRow> Rows => _rows.All;

    /// <summary>The same of each mission.</summary>
    public ILookup<(string UserId, string MissionId), LogRow> RowsOf { get; }

    /// <summary>The projection's rows, by user and mission.</summary>
    public IReadOnlyDictionary<(string UserId, string MissionId), JsonElement> Missions { get; }

    /// <summary>Missions that a tick would open.</summary>
    public IEnumerable<string> Due =>
        from mission in Missions.Values
        where mission.Text("state") == "active" && !mission.GetProperty("deleted").GetBoolean()
        where mission.Text("obstacle") is null && mission.Instant("next_run_at") <= Now
        select mission.Text("mission_id")!;

    /// <param name="last">What was seen before; null at first.</param>
    public static async Task<SimulationState> ReadAsync(NpgsqlDataSource source, SimulationState? last)
    {
        last ??= _nothing;
        await using var command = source.CreateCommand(Query);
        string[] held = [.. last._runs.Versions, .. last._rows.Versions, .. last._missions.Versions];
        command.Parameters.AddWithValue("held", held);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new SimulationState(
            reader.GetInstant(0),
            last._runs.Next(reader, 1, row => new RunState(row)),
            last._rows.Next(reader, 3, row => new LogRow(row)),
            last._missions.Next(reader, 5, row => row)
        );
    }
}

/// <summary>Rows of a table by their versions, in an order that the statement gives.</summary>
internal sealed class HeldRows<T>
{
    private readonly Dictionary<string, T> _byVersion = [];

    public IEnumerable<string> Versions => _byVersion.Keys;

    public IReadOnlyList<T> All { get; private init; } = [];

    /// <summary>From two columns: the versions that there are now, and as JSON those of them that are new.</summary>
    public HeldRows<T> Next(NpgsqlDataReader reader, int column, Func<JsonElement, T> parse)
    {
        string[] versions = reader.IsDBNull(column) ? [] : reader.GetFieldValue<string[]>(column);
        if (reader.GetText(column + 1) is not { } text)
        {
            return versions.Length == All.Count ? this : Of(versions, _byVersion);
        }

        var known = new Dictionary<string, T>(_byVersion);
        foreach (var row in JsonSerializer.Deserialize<JsonElement>(text).EnumerateObject())
        {
            known[row.Name] = parse(row.Value);
        }

        return Of(versions, known);
    }

    private static HeldRows<T> Of(IEnumerable<string> versions, Dictionary<string, T> known)
    {
        var next = new HeldRows<T> { All = [.. versions.Select(version => known[version])] };
        foreach (var (version, row) in versions.Zip(next.All))
        {
            next._byVersion[version] = row;
        }

        return next;
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

    public bool HasIterations { get; } = row.GetProperty("data").TryGetProperty("iterations", out _);

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
