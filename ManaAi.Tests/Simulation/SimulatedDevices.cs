using System.Text.Json;
using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Simulation;

/// <summary>Devices of a few users that edit what a seed says, some of them in transactions that commit late.</summary>
internal sealed class SimulatedDevices(SimulationWorld world, SimulationChecks checks, Random random)
    : IAsyncDisposable
{
    private const string Reviewed = "approved";

    private readonly List<DeviceMission> _missions = [];
    private readonly List<(DeviceMission Mission, DeviceTransaction Transaction, List<Guid> Rows)> _open = [];

    // What a device that has not pulled lately goes by.
    private readonly Dictionary<string, long> _pulled = [];

    public IReadOnlyList<DeviceMission> Missions => _missions;

    /// <summary>A mission that is due, with an agent now and then.</summary>
    public async Task<string> AddMissionAsync()
    {
        var now = checks.State.Later;
        var user = $"user-{random.Next(1, 3)}";
        var mission = new DeviceMission($"mission-{_missions.Count + 1}", Past(now))
        {
            UserId = user,
            AgentId = random.Next(3) == 0 ? $"agent-of-{user}" : null,
            Cadence = random.Next(5) switch
            {
                0 => """{"kind":"manual"}""",
                1 => """{"kind":"daily","atHour":7,"atMinute":0}""",
                _ => """{"kind":"interval","everyMinutes":60}""",
            },
        };
        _missions.Add(mission);
        await WriteAsync(mission.ToInsert());
        return $"{user} adds {mission.Id}{(mission.AgentId is { } agent ? $" of {agent}" : "")}";
    }

    public async Task<string> AddAgentAsync(string userId)
    {
        var members = random.Next(2) == 0 ? "" : $"\"maxTokensPerDay\":{random.Next(1, 4) * 4000}";
        await world.Database.InsertChangeAsync(
            DeviceChange.OfAgent($"agent-of-{userId}", members, userId) with
            {
                Id = NewId(),
            }
        );
        return $"{userId} adds an agent {members}";
    }

    /// <summary>One edit, at once or in a transaction that stays open.</summary>
    public async Task<string> EditAsync()
    {
        var mission = _missions[random.Next(_missions.Count)];
        var now = checks.State.Later;
        var (field, json) = DrawEdit(mission, now);
        var stamp = IsoText.Milliseconds(
            random.Next(8) switch
            {
                0 => now.AddSeconds(random.Next(1, 5)),
                1 => now.AddMilliseconds(-random.Next(1, 200)),
                _ => now,
            }
        );
        var change = mission.ToEdit(world.Database.Generation, field, json, stamp);
        if (random.Next(4) > 0)
        {
            await WriteAsync(change);
            return $"{mission.Id}.{field} = {Shortened(json)}";
        }

        var transaction = await world.Database.BeginAsDeviceAsync(mission.UserId);
        _open.Add((mission, transaction, [await transaction.InsertAsync(change with { Id = NewId() })]));
        return $"{mission.Id}.{field} = {Shortened(json)}, not committed yet";
    }

    /// <summary>One of the open transactions ends; null where none is open.</summary>
    public async Task<string?> EndOneAsync(bool isCommitted)
    {
        if (_open.Count == 0)
        {
            return null;
        }

        var (mission, transaction, rows) = _open[random.Next(_open.Count)];
        _open.RemoveAll(one => one.Transaction == transaction);
        if (isCommitted)
        {
            await transaction.CommitAsync();
            rows.ForEach(checks.Appeared);
        }

        await transaction.DisposeAsync();
        return $"{mission.Id}: a late transaction {(isCommitted ? "commits" : "rolls back")}";
    }

    /// <summary>Devices that run a mission are done with it.</summary>
    public async Task FinishRunningAsync()
    {
        foreach (var mission in _missions)
        {
            var view = checks.View(Key(mission));
            if (view.Iterations.Any(one => one.Contains("\"running\"", StringComparison.Ordinal)))
            {
                await WriteIterationsAsync(mission, view.Iterations.Select(Finished));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, transaction, _) in _open)
        {
            await transaction.DisposeAsync();
        }
    }

    private (string Field, string Json) DrawEdit(DeviceMission mission, DateTimeOffset now)
    {
        var view = checks.View(Key(mission));
        return random.Next(16) switch
        {
            > 11 => ("nextRunAt", $"\"{IsoText.Milliseconds(Past(now))}\""),
            0 => ("title", $"\"title {random.Next(100)}\""),
            1 => ("state", "\"paused\""),
            2 or 3 => ("state", "\"active\""),
            4 => ("deletedAt", random.Next(2) == 0 ? $"\"{IsoText.Milliseconds(now)}\"" : "null"),
            5 or 6 => ("nextRunAt", $"\"{IsoText.Milliseconds(Past(now))}\""),
            7 => ("nextRunAt", Earlier() ?? "null"),
            8 => ("nextRunAt", $"\"{IsoText.Milliseconds(now.AddHours(1))}\""),
            9 => ("iterations", Array(view.Iterations.Select(Finished))),
            10 => ("iterations", Array([.. view.Iterations, Running(now)])),
            // One that has not pulled for a while: what it does not know it overwrites.
            _ => (
                "iterations",
                Array([.. Stale(mission).Iterations, DeviceIteration.Approved($"{NewId()}")])
            ),
        };
    }

    private DeviceView Stale(DeviceMission mission)
    {
        var version = _pulled.GetValueOrDefault(mission.Id);
        _pulled[mission.Id] = checks.LogVersion;
        return checks.View(Key(mission), version);
    }

    /// <summary>An instant that had its occurrence already.</summary>
    private string? Earlier()
    {
        var runs = checks.State.Runs.Values.ToList();
        return runs.Count == 0
            ? null
            : $"\"{IsoText.Microseconds(runs[random.Next(runs.Count)].Occurrence.DueAt)}\"";
    }

    private async Task WriteIterationsAsync(DeviceMission mission, IEnumerable<string> iterations)
    {
        var stamp = IsoText.Milliseconds(checks.State.Later);
        var known = checks.View(Key(mission)).StampOf("iterations");
        await WriteAsync(
            mission.ToEdit(
                world.Database.Generation,
                "iterations",
                Array(iterations),
                FieldClock.Later(stamp, known)
            )
        );
    }

    private async Task WriteAsync(DeviceChange change)
    {
        checks.Appeared(await world.Database.InsertChangeAsync(change with { Id = NewId() }));
    }

    private DateTimeOffset Past(DateTimeOffset now) =>
        DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds() - random.Next(1, 60_000));

    private Guid NewId()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private string Running(DateTimeOffset now) =>
        DeviceIteration.Running($"{NewId()}", IsoText.Milliseconds(now));

    /// <summary>Reviewed, whoever made it.</summary>
    private static string Finished(string iteration)
    {
        var node = JsonNode.Parse(iteration)!;
        node["overallStatus"] = Reviewed;
        return node.ToJsonString();
    }

    private static string Array(IEnumerable<string> iterations) => $"[{string.Join(',', iterations)}]";

    private static (string UserId, string MissionId) Key(DeviceMission mission) =>
        (mission.UserId, mission.Id);

    private static string Shortened(string json) => json.Length <= 80 ? json : $"{json[..80]}…";
}
