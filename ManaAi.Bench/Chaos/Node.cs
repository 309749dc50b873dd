namespace ManaAi.Bench.Chaos;

/// <summary>A place for a node: a port, and whichever process stands there just now.</summary>
internal sealed class Node(int number, ChaosOptions options, Uri llm, TimeProvider time) : IDisposable
{
    private const int AttemptsMax = 5;
    private const int EndedBySigterm = 128 + 15;

    /// <summary>Of an occurrence, 429 apart: two an attempt in json mode.</summary>
    public const int CallsMax = AttemptsMax * 2;

    private ServiceProcess? _process;

    public int Number => number;

    public int Port => options.FirstPort + number;

    public int ProcessId => _process!.Id;

    /// <summary>When the process that stands there was started.</summary>
    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>One fault at a time happens to a node; others take the next one.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>It died though nobody killed it.</summary>
    public bool HasDied => _process is { HasExited: true };

    public int? ExitCode => _process?.ExitCode;

    /// <summary>It is of the version before, until it is upgraded.</summary>
    public bool IsOld { get; private set; } = options.OldService is not null;

    public void Upgrade() => IsOld = false;

    public void Start()
    {
        _process?.Dispose();
        StartedAt = time.GetUtcNow();
        _process = ServiceProcess.Start(
            IsOld ? options.OldService! : options.Service,
            ["serve"],
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["DOTNET_ENVIRONMENT"] = "Development",
                ["DOTNET_gcServer"] = "0",
                ["DOTNET_TieredPGO"] = "0",
                ["PORT"] = $"{Port}",
                ["SYNC_DATABASE_URL"] = options.ServiceUrl,
                ["MANA_LLM_URL"] = llm.ToString(),
                ["TICK_INTERVAL_MS"] = "500",
                ["RUN_LEASE_MS"] = Milliseconds(options.Lease),
                ["RUN_RETRY_BASE_MS"] = "200",
                ["RUN_MAX_ATTEMPTS"] = $"{AttemptsMax}",
                ["PLANNER_MODE"] = "json",
                ["MANA_LLM_TIMEOUT_MS"] = "3000",
                ["LOG_MARGIN_MS"] = Milliseconds(options.LogMargin),
                ["SWEEP_INTERVAL_MS"] = "3000",
                ["SHUTDOWN_GRACE_MS"] = Milliseconds(options.Grace),
            },
            Path.Combine(options.Folder, $"node-{number}.log")
        );
    }

    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process!.Kill();
        await _process.WaitAsync(cancellationToken);
    }

    public void Stop() => Signals.Stop(ProcessId);

    public void Continue() => Signals.Continue(ProcessId);

    /// <returns>What was wrong about its end; null where nothing was.</returns>
    public async Task<string?> DrainAsync(TimeSpan patience)
    {
        Signals.Terminate(ProcessId);
        using var limit = new CancellationTokenSource(patience, time);
        try
        {
            await _process!.WaitAsync(limit.Token);
            // Before the runtime listens to signals, SIGTERM ends it as it ends any process.
            return ExitCode is 0 or EndedBySigterm ? null : $"ended with {ExitCode} when it was told to";
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            await KillAsync(CancellationToken.None);
            return $"did not end within {patience.TotalSeconds:0} s when it was told to";
        }
    }

    public void Dispose()
    {
        _process?.Dispose();
        Turn.Dispose();
    }

    private static string Milliseconds(TimeSpan span) => $"{(long)span.TotalMilliseconds}";
}
