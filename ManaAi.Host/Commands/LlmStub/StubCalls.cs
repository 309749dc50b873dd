namespace ManaAi.Host.Commands.LlmStub;

/// <summary>One call as it came in.</summary>
/// <param name="Mission">A short hash of the first user message: the same for all rounds about one mission.</param>
/// <param name="Body">What came, or its beginning.</param>
/// <param name="Bearer">What stood in Authorization after "Bearer".</param>
internal sealed record StubCall(string Mission, string? Bearer, string Body)
{
    public required string? Model { get; init; }

    public required int BodyBytes { get; init; }

    public required int ToolCount { get; init; }

    /// <summary>The caller's span, where it traces.</summary>
    public required string? TraceParent { get; init; }
}

/// <summary>What was asked, counted in bounded memory.</summary>
internal sealed class StubCalls
{
    /// <summary>Of so many calls the request is kept.</summary>
    public const int RecentMax = 100;

    /// <summary>And of each request its beginning: they may be large.</summary>
    public const int BodyBytesMax = 256 * 1024;

    // Beyond this number, new missions are counted together: a stand-in that runs for days must not grow.
    private const int MissionsMax = 100_000;
    private const string Others = "others";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byMission = new(StringComparer.Ordinal);
    private readonly Queue<StubCall> _recent = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private int _total;
    private int _open;

    public int Total => Volatile.Read(ref _total);

    /// <summary>Calls that have no answer yet.</summary>
    public int Open => Volatile.Read(ref _open);

    public IReadOnlyList<StubCall> Recent
    {
        get
        {
            lock (_gate)
            {
                return [.. _recent];
            }
        }
    }

    public IReadOnlyDictionary<string, int> CountByMission()
    {
        lock (_gate)
        {
            return new Dictionary<string, int>(_byMission, StringComparer.Ordinal);
        }
    }

    /// <summary>Completes as soon as so many calls have come in.</summary>
    public Task WhenAsync(int total, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_total >= total)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((total, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    public void Begin(StubCall call)
    {
        lock (_gate)
        {
            _total++;
            _open++;
            var mission =
                _byMission.Count < MissionsMax || _byMission.ContainsKey(call.Mission)
                    ? call.Mission
                    : Others;
            _byMission[mission] = _byMission.GetValueOrDefault(mission) + 1;
            _recent.Enqueue(call);
            if (_recent.Count > RecentMax)
            {
                _recent.Dequeue();
            }

            foreach (var (_, reached) in _waiting.Where(waiting => waiting.Count <= _total))
            {
                reached.TrySetResult();
            }

            _waiting.RemoveAll(waiting => waiting.Count <= _total);
        }
    }

    public void End() => Interlocked.Decrement(ref _open);

    /// <summary>Starts counting again; calls that are still open stay open.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _total = 0;
            _byMission.Clear();
            _recent.Clear();
        }
    }
}
