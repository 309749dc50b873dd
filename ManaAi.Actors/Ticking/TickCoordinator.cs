using System.Threading.Channels;
using ManaAi.Actors.Database;
using ManaAi.Actors.Mailboxes;
using ManaAi.Actors.Planning;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Ticking;

/// <summary>
/// Decides when a tick happens and who gets its answer. It only keeps the state: the tick itself, and the waiting for a
/// manual tick's runs, go on beside it and report back as messages, so that it always answers at once.
/// </summary>
public sealed class TickCoordinator : IActor<TickMessage>, ITickCoordinator, IAsyncDisposable
{
    // Timers are dropped when it is full, callers wait; both mean that someone already asked.
    private const int MailboxCapacity = 32;

    private const string StoppingReason = "the service is stopping";

    private readonly Func<CancellationToken, Task<TickOutcome>> _runTick;
    private readonly Func<TickOutcome, CancellationToken, Task<TickReport>> _waitForRuns;
    private readonly TickOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Mailbox<TickMessage> _mailbox;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopping;
    private readonly ITimer _timer;
    private TickState _state;
    private TaskCompletionSource<TickReport>? _answer;
    private bool _isTickManual;
    private Task _tick = Task.CompletedTask;
    private Task _waiting = Task.CompletedTask;
    private volatile TickStatus _status;

    /// <param name="waitForRuns">Waits for a manual tick's runs; see <see cref="SettlementWatch"/>.</param>
    public TickCoordinator(
        Func<CancellationToken, Task<TickOutcome>> runTick,
        Func<TickOutcome, CancellationToken, Task<TickReport>> waitForRuns,
        TickOptions options,
        TimeProvider time,
        ILogger<TickCoordinator> logger
    )
    {
        (_runTick, _waitForRuns, _options, _time) = (runTick, waitForRuns, options, time);
        (_logger, _stopping) = (logger, _stop.Token);
        _mailbox = new Mailbox<TickMessage>(MailboxCapacity, logger);
        _status = new TickStatus(options.IsEnabled, _state.Word, null, null, []);
        _timer = time.CreateTimer(
            _ => _mailbox.TryTell(new TimerFired()),
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
    }

    public TickStatus Status => _status;

    /// <summary>How many messages wait.</summary>
    public int Depth => _mailbox.Depth;

    public void Start()
    {
        _mailbox.Start(this);
        if (_options.IsEnabled)
        {
            _timer.Change(TimeSpan.Zero, _options.Interval);
        }
    }

    /// <summary>Ends the tick under way and answers everyone who waits.</summary>
    public async Task StopAsync(CancellationToken patience)
    {
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await _stop.CancelAsync();
        await _mailbox.StopAsync(patience);
        await Task.WhenAll(_tick, _waiting)
            .WaitAsync(patience)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async Task<TickReport> RunTickAsync(CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<TickReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        // Whatever becomes of the message: who stops the coordinator answers everyone.
        await using var atStop = _stopping.Register(() => answer.TrySetResult(Stopping()));
        try
        {
            await _mailbox.TellAsync(new TickRequested(answer), cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return Stopping();
        }

        return await answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>As if the timer had fired; where there is no timer, nothing.</summary>
    public void WakeUp()
    {
        if (_options.IsEnabled)
        {
            _mailbox.TryTell(new WokenUp());
        }
    }

    public ValueTask PauseAsync(CancellationToken cancellationToken) =>
        _mailbox.TellAsync(new PauseRequested(), cancellationToken);

    public ValueTask ResumeAsync(CancellationToken cancellationToken) =>
        _mailbox.TellAsync(new ResumeRequested(), cancellationToken);

    public Task HandleAsync(TickMessage message, CancellationToken cancellationToken)
    {
        if (message is TickFinished finished)
        {
            Finish(finished.Outcome);
        }

        (_state, var action) = _state.On(message);
        _status = _status with { State = _state.Word }; // Before acting: what acts may look at it.
        switch (action)
        {
            case TickAction.StartTick:
                _isTickManual = message is TickRequested;
                _answer = message is TickRequested request ? request.Answer : _answer;
                _tick = RunTickBesideAsync();
                break;
            case TickAction.AnswerOverlapSkipped:
                ((TickRequested)message).Answer.TrySetResult(TickReport.OverlapSkipped(_time.GetUtcNow()));
                break;
            case TickAction.AnswerTick:
                _answer?.TrySetResult(((RunsSettled)message).Report);
                _answer = null;
                break;
        }

        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _mailbox.Dispose();
        _stop.Dispose();
    }

    private void Finish(TickOutcome outcome)
    {
        _status = _status with
        {
            LastTickAt = outcome.At,
            LastTickTook = outcome.Took,
            LastErrors = outcome.Errors,
        };
        if (_isTickManual)
        {
            _isTickManual = false;
            _waiting = WaitForRunsBesideAsync(outcome);
        }
    }

    // Whatever happens beside must be told, or the coordinator would be busy for ever.
    private async Task RunTickBesideAsync()
    {
        TickOutcome outcome;
        try
        {
            outcome = await Task.Run(() => _runTick(_stopping), _stopping);
        }
        catch (Exception exception)
        {
            outcome = new TickOutcome(_time.GetUtcNow(), [], [ReasonOf(exception)], TimeSpan.Zero);
        }

        await TellAsync(new TickFinished(outcome));
    }

    private async Task WaitForRunsBesideAsync(TickOutcome outcome)
    {
        TickReport report;
        try
        {
            report =
                outcome.Claimable.Count == 0 ? outcome.ToReport() : await _waitForRuns(outcome, _stopping);
        }
        catch (Exception exception)
        {
            report = TickReport.Failed(outcome.At, ReasonOf(exception));
        }

        await TellAsync(new RunsSettled(report));
    }

    private string ReasonOf(Exception exception)
    {
        if (_stopping.IsCancellationRequested)
        {
            return StoppingReason;
        }

        var reason = exception.IsDatabaseFault()
            ? DatabaseFaults.Describe(exception)
            : $"the tick failed unexpectedly ({exception.GetType().Name}); the log says more";
        Log.TickFailed(_logger, reason, exception);
        return reason;
    }

    private async Task TellAsync(TickMessage message)
    {
        try
        {
            await _mailbox.TellAsync(message, CancellationToken.None);
        }
        catch (ChannelClosedException)
        {
            // The coordinator is stopping: nobody waits for this any more.
        }
    }

    private TickReport Stopping() => TickReport.Failed(_time.GetUtcNow(), StoppingReason);
}
