using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>Which planners are free, and what the others are at. For one actor alone.</summary>
/// <remarks>
/// There are more planners than may ask at once (MAX_CONCURRENT_PLANS): while one writes what its run came to it asks
/// nobody, and another may. They are bounded too, so that where the database is slower than mana-llm, answers that are
/// paid for do not pile up.
/// </remarks>
internal sealed class PlannerSlots
{
    /// <summary>Planners beside those that may ask.</summary>
    private const int Spare = 32;

    private readonly int _askingMax;
    private readonly Metrics _metrics;
    private readonly Queue<int> _free;

    // By planner, not by run: a run whose lease lapsed here can be claimed anew while its old call still ends.
    private readonly Dictionary<int, UnderWay> _underWay = [];

    /// <param name="askingMax">Planners that may ask at once.</param>
    public PlannerSlots(int askingMax, Metrics metrics)
    {
        (_askingMax, _metrics) = (askingMax, metrics);
        Planners = askingMax + Spare;
        _free = new Queue<int>(Enumerable.Range(0, Planners));
    }

    public int Planners { get; }

    /// <summary>How many ask, or are about to.</summary>
    public int Asking { get; private set; }

    /// <summary>How many more may ask now.</summary>
    public int Open => Math.Min(_askingMax - Asking, _free.Count);

    public bool IsIdle => _underWay.Count == 0;

    /// <summary>Asking or writing: their leases have to be renewed.</summary>
    public IReadOnlyCollection<UnderWay> Runs => _underWay.Values;

    /// <summary>Gives a claim to a planner that is free.</summary>
    public (int Planner, CancellationToken IsOver) Take(Claim claim)
    {
        var planner = _free.Dequeue();
        var isOver = new CancellationTokenSource();
        _underWay.Add(planner, new UnderWay(claim, isOver, IsAsking: true));
        Count(Asking + 1);
        return (planner, isOver.Token);
    }

    /// <summary>The planner has its last answer, and is at work until it is released.</summary>
    public void EndAsking(int planner)
    {
        if (_underWay.TryGetValue(planner, out var run) && run.IsAsking)
        {
            _underWay[planner] = run with { IsAsking = false };
            Count(Asking - 1);
        }
    }

    public void Release(int planner)
    {
        EndAsking(planner);
        _free.Enqueue(planner);
        if (_underWay.Remove(planner, out var run))
        {
            run.IsOver.Dispose();
        }
    }

    private void Count(int asking)
    {
        Asking = asking;
        _metrics.PlannersBusy.Record(asking);
    }

    /// <param name="IsOver">Cancelled where the claim, or the node, is gone.</param>
    /// <param name="IsAsking">Its last answer is not here.</param>
    internal readonly record struct UnderWay(Claim Claim, CancellationTokenSource IsOver, bool IsAsking);
}
