namespace ManaAi.Tests.Support;

/// <summary>Devices of one user that write, in up to four transactions at once, what a seed says.</summary>
internal sealed class RandomDevices(FeedBench bench, Random random) : IAsyncDisposable
{
    private readonly List<DeviceTransaction> _open = [];
    private readonly HashSet<DeviceTransaction> _inSavepoint = [];
    private readonly HashSet<DeviceTransaction> _beyondMargin = [];

    /// <summary>A row was committed that only a sweep will find.</summary>
    public bool HasWrittenBeyondMargin { get; set; }

    public async Task StepAsync()
    {
        if (_open.Count == 0 || (_open.Count < 4 && random.Next(3) == 0))
        {
            _open.Add(await bench.BeginAsync());
        }

        var device = _open[random.Next(_open.Count)];
        switch (random.Next(10))
        {
            case 0:
                await EndAsync(device, isCommit: false);
                break;
            case 1 or 2:
                await EndAsync(device, isCommit: true);
                break;
            case 3:
                await SavepointAsync(device);
                break;
            default:
                await WriteAsync(device);
                break;
        }
    }

    public async Task EndAllAsync()
    {
        foreach (var device in _open.ToArray())
        {
            await EndAsync(device, isCommit: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var device in _open)
        {
            await device.DisposeAsync();
        }
    }

    private async Task EndAsync(DeviceTransaction device, bool isCommit)
    {
        if (isCommit)
        {
            await device.CommitAsync();
            HasWrittenBeyondMargin |= _beyondMargin.Contains(device);
        }

        await device.DisposeAsync();
        _open.Remove(device);
    }

    private async Task SavepointAsync(DeviceTransaction device)
    {
        if (_inSavepoint.Add(device))
        {
            await device.ExecuteAsync("SAVEPOINT s");
            return;
        }

        _inSavepoint.Remove(device);
        await device.ExecuteAsync(random.Next(2) == 0 ? "RELEASE SAVEPOINT s" : "ROLLBACK TO SAVEPOINT s");
    }

    private async Task WriteAsync(DeviceTransaction device)
    {
        var change = random.Next(8) switch
        {
            0 => DeviceChanges.HardDelete,
            1 => DeviceChanges.SoftDelete(Time()),
            2 => DeviceChanges.Insert($"{random.Next(100)}", Time()),
            3 => DeviceChanges.Title("too new", Time()) with { SchemaVersion = random.Next(1, 3) },
            4 => DeviceChanges.Update("updatedAt", Time(), Time()),
            _ => DeviceChanges.Update(
                random.Next(2) == 0 ? "title" : "objective",
                $"{random.Next(100)}",
                Time()
            ),
        };
        var record = random.Next(3) switch
        {
            0 => change with { TableName = "agents", RecordId = "agent-1" },
            var mission => change with { RecordId = $"mission-{mission}" },
        };
        await device.InsertAsync(record with { CreatedAt = CreatedAt(device) });
    }

    // Few of them, so that there are ties.
    private string Time() => $"2026-01-01T00:00:0{random.Next(4)}.000Z";

    /// <summary>Mostly the start of the transaction, as the database has it.</summary>
    private DateTimeOffset? CreatedAt(DeviceTransaction device)
    {
        var now = TimeProvider.System.GetUtcNow();
        switch (random.Next(12))
        {
            case 0:
                return now.AddSeconds(random.Next(60));
            case 1:
                return now.AddSeconds(-random.Next(60));
            case 2:
                _beyondMargin.Add(device);
                return now.AddHours(-random.Next(1, 3));
            default:
                return null;
        }
    }
}
