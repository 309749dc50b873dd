using System.Globalization;

namespace ManaAi.Actors.Planning;

/// <summary>
/// The limits of one call in time, as one token. It knows afterwards which of them ran out: a call that was
/// ended by its caller is no answer, one that was ended by a limit is.
/// </summary>
internal sealed class LlmCallClock : IDisposable
{
    private readonly LlmLimits _limits;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _total;
    private readonly CancellationTokenSource _pause;
    private readonly CancellationTokenSource _any;
    private bool _hasHead;

    // Set by whichever limit comes first: until somebody asks, on a busy machine, the others may be over too.
    private string? _ranOut;

    public LlmCallClock(LlmLimits limits, TimeProvider time, CancellationToken caller)
    {
        _limits = limits;
        _caller = caller;
        _total = new CancellationTokenSource(limits.Total, time);
        _pause = new CancellationTokenSource(limits.FirstByte, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(caller, _total.Token, _pause.Token);
        _total.Token.Register(() => RanOut($"no whole answer within {Seconds(_limits.Total)}"));
        _pause.Token.Register(() =>
            RanOut(
                _hasHead
                    ? $"silence for {Seconds(_limits.Silence)} in the middle of the answer"
                    : $"no first byte within {Seconds(_limits.FirstByte)}"
            )
        );
    }

    public CancellationToken Token => _any.Token;

    /// <summary>Something came: from here on, silence is measured anew.</summary>
    public void Heard()
    {
        _hasHead = true;
        _pause.CancelAfter(_limits.Silence);
    }

    public void ThrowIfCallerLeft() => _caller.ThrowIfCancellationRequested();

    public string WhatRanOut() => Volatile.Read(ref _ranOut) ?? "a limit ran out";

    public void Dispose()
    {
        _any.Dispose();
        _pause.Dispose();
        _total.Dispose();
    }

    private void RanOut(string limit) => Interlocked.CompareExchange(ref _ranOut, limit, null);

    private static string Seconds(TimeSpan limit) =>
        string.Create(CultureInfo.InvariantCulture, $"{limit.TotalSeconds} s");
}
