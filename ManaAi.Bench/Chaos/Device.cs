using System.Text.Json.Nodes;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Bench.Chaos;

/// <summary>
/// One user's device: makes missions due, edits, reviews, overwrites with what it last saw, pauses, deletes, and keeps
/// transactions open beyond the margin, as its seed says.
/// </summary>
internal sealed class Device(
    string userId,
    Random random,
    DeviceLog log,
    ChaosOptions options,
    TimeProvider time
)
{
    private const int MissionsMax = 8;

    // Beyond that a device drops the oldest, so that the log stays small enough for a long run.
    private const int IterationsMax = 10;

    private readonly List<DeviceMission> _missions = [];
    private readonly List<Task> _late = [];

    private int _rowsWritten;
    private int _lateTried;
    private int _lateCommitted;

    public int RowsWritten => _rowsWritten;

    /// <summary>Transactions kept open, most of them beyond the margin, and those of them that were committed.</summary>
    public (int Tried, int Committed) Late => (_lateTried, _lateCommitted);

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(
            Row(
                "agents",
                AgentId,
                new JsonObject
                {
                    ["id"] = AgentId,
                    ["name"] = "Ada",
                    ["role"] = "Keeps at it",
                    ["state"] = "active",
                    ["maxConcurrentMissions"] = random.Next(1, 3),
                    // One in three runs out of its budget on the way.
                    ["maxTokensPerDay"] = random.Next(3) == 0 ? 30_000 : 10_000_000,
                }
            ),
            cancellationToken
        );
        while (_missions.Count < MissionsMax)
        {
            await CreateAsync(cancellationToken);
        }
    }

    public async Task RunAsync(CancellationToken until)
    {
        try
        {
            while (!until.IsCancellationRequested)
            {
                await StepAsync(_missions[random.Next(_missions.Count)], until);
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(200, 800)), time, until);
            }
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
            // A device that is switched off in the middle of a write, too.
        }

        await Task.WhenAll(_late);
    }

    /// <summary>Makes every mission due once more, now that nothing goes wrong: each of these must be answered.</summary>
    public async Task<IReadOnlyList<(string UserId, string MissionId, DateTimeOffset DueAt)>> EndAsync(
        CancellationToken cancellationToken
    )
    {
        var due = new List<(string, string, DateTimeOffset)>();
        foreach (var mission in _missions)
        {
            await ReviewAsync(mission, isStale: false, cancellationToken);
            due.Add((userId, mission.Id, await MakeDueAsync(mission, cancellationToken)));
        }

        return due;
    }

    private string AgentId => $"agent-of-{userId}";

    private async Task StepAsync(DeviceMission mission, CancellationToken cancellationToken)
    {
        switch (random.Next(100))
        {
            case < 52:
                await MakeDueAsync(mission, cancellationToken);
                break;
            case < 62:
                await EditAsync(mission, "title", $"Title {random.Next(1000)}", cancellationToken);
                break;
            case < 68:
                await EditAsync(mission, "objective", $"Objective {random.Next(1000)}", cancellationToken);
                break;
            case < 84:
                await ReviewAsync(mission, isStale: random.Next(4) == 0, cancellationToken);
                break;
            case < 87:
                await BeginIterationAsync(mission, cancellationToken);
                break;
            case < 91:
                await EditAsync(mission, "state", "paused", cancellationToken);
                break;
            case < 93:
                await DeleteAsync(mission, cancellationToken);
                break;
            default:
                _late.Add(WriteLateAsync(mission));
                break;
        }
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var mission = new DeviceMission(NewId().ToString());
        var data = new JsonObject
        {
            ["id"] = mission.Id,
            ["createdAt"] = Now,
            ["title"] = "Reading",
            ["objective"] = "Read one book a month",
            ["conceptMarkdown"] = "One chapter an evening.",
            ["state"] = "active",
            ["cadence"] = new JsonObject { ["kind"] = "interval", ["everyMinutes"] = 5 },
            ["nextRunAt"] = Now,
            ["inputs"] = new JsonArray(),
            ["iterations"] = new JsonArray(),
        };
        if (random.Next(2) == 0)
        {
            data["agentId"] = AgentId;
        }

        await WriteAsync(Row("aiMissions", mission.Id, data) with { Op = "insert" }, cancellationToken);
        _missions.Add(mission);
    }

    private async Task DeleteAsync(DeviceMission mission, CancellationToken cancellationToken)
    {
        _missions.Remove(mission);
        var data = new JsonObject { ["deletedAt"] = Now };
        await WriteAsync(Row("aiMissions", mission.Id, data) with { Op = "delete" }, cancellationToken);
        await CreateAsync(cancellationToken);
    }

    /// <summary>Also resumes it, whatever it was.</summary>
    private async Task<DateTimeOffset> MakeDueAsync(
        DeviceMission mission,
        CancellationToken cancellationToken
    )
    {
        var dueAt = IsoText.Parse(Now)!.Value;
        await WriteAsync(Row("aiMissions", mission.Id, DueNow(dueAt)), cancellationToken);
        return dueAt;
    }

    private Task EditAsync(
        DeviceMission mission,
        string field,
        string value,
        CancellationToken cancellationToken
    ) => WriteAsync(Row("aiMissions", mission.Id, new JsonObject { [field] = value }), cancellationToken);

    /// <summary>The user has looked at every plan. Stale: at those of some time ago, and writes that list back.</summary>
    private async Task ReviewAsync(DeviceMission mission, bool isStale, CancellationToken cancellationToken)
    {
        var seen = isStale ? null : await log.ReadIterationsAsync(userId, mission.Id, cancellationToken);
        var iterations = (seen ?? mission.Seen ?? []).DeepClone().AsArray();
        var toDecide = iterations
            .OfType<JsonObject>()
            .Where(iteration => (string?)iteration["overallStatus"] is "awaiting-review" or "running");
        foreach (var iteration in toDecide)
        {
            iteration["overallStatus"] = "approved";
        }

        while (iterations.Count > IterationsMax)
        {
            iterations.RemoveAt(0);
        }

        mission.Seen = iterations;
        await WriteIterationsAsync(mission, iterations, cancellationToken);
    }

    /// <summary>The device runs it itself for a while: until the next review ends that, nobody else may.</summary>
    private async Task BeginIterationAsync(DeviceMission mission, CancellationToken cancellationToken)
    {
        var seen = await log.ReadIterationsAsync(userId, mission.Id, cancellationToken);
        var iterations = (seen ?? []).DeepClone().AsArray();
        iterations.Add(
            new JsonObject
            {
                ["id"] = NewId().ToString(),
                ["startedAt"] = Now,
                ["plan"] = new JsonArray(),
                ["overallStatus"] = "running",
                ["source"] = "browser",
            }
        );
        await WriteIterationsAsync(mission, iterations, cancellationToken);
    }

    private Task WriteIterationsAsync(
        DeviceMission mission,
        JsonArray iterations,
        CancellationToken cancellationToken
    ) =>
        WriteAsync(
            Row("aiMissions", mission.Id, new JsonObject { ["iterations"] = iterations.DeepClone() }),
            cancellationToken
        );

    /// <summary>Not ended with the faults: what is open then is committed afterwards.</summary>
    private async Task WriteLateAsync(DeviceMission mission)
    {
        DeviceRow[] rows =
        [
            Row(
                "aiMissions",
                mission.Id,
                new JsonObject { ["conceptMarkdown"] = $"Late {random.Next(1000)}" }
            ),
            Row("aiMissions", mission.Id, DueNow(IsoText.Parse(Now)!.Value)),
        ];
        var openFor = options.LogMargin * (0.5 + (random.NextDouble() * 4));
        Interlocked.Increment(ref _lateTried);
        if (await log.TryWriteAsync(rows, openFor, CancellationToken.None))
        {
            Interlocked.Increment(ref _lateCommitted);
            Interlocked.Add(ref _rowsWritten, rows.Length);
        }
    }

    private async Task WriteAsync(DeviceRow row, CancellationToken cancellationToken)
    {
        await log.WriteAsync(row, cancellationToken);
        Interlocked.Increment(ref _rowsWritten);
    }

    private DeviceRow Row(string table, string recordId, JsonObject data) =>
        new(NewId(), table, recordId, userId, table == "agents" ? "insert" : "update", data)
        {
            WrittenAt = time.GetUtcNow(),
        };

    private static JsonObject DueNow(DateTimeOffset dueAt) =>
        new() { ["state"] = "active", ["nextRunAt"] = IsoText.Milliseconds(dueAt) };

    private string Now => IsoText.Milliseconds(time.GetUtcNow());

    private Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}

/// <summary>A mission that the device has.</summary>
internal sealed class DeviceMission(string id)
{
    public string Id => id;

    /// <summary>The iterations as the device last saw them.</summary>
    public JsonArray? Seen { get; set; }
}
