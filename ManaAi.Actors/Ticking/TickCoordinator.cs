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

    private readonly Func<CancellationToken, Task<TickOutcome>> _runTick;
    private readonly Func<TickOutcome, CancellationToken, Task<TickReport>> _waitForRuns;
    private readonly TickOptions _options;
    private readonly TimeProvider _time;
    private readonly Mailbox<TickMessage> _mailbox;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private TickState _state;
    private TaskCompletionSource<TickReport>? _answer;
    private bool _isTickManual;
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

    public void Start()
    {
        _mailbox.Start(this);
        if (_options.IsEnabled)
        {
            _timer.Change(TimeSpan.Zero, _options.Interval);
        }
    }

    public async Task StopAsync(CancellationToken patience)
    {
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await _stopping.CancelAsync();
        await _mailbox.StopAsync(patience);
        _answer?.TrySetResult(Stopping());
    }

    public async Task<TickReport> RunTickAsync(CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<TickReport>(TaskCreationOptions.RunContinuationsAsynchronously);
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
        switch (action)
        {
            case TickAction.StartTick:
                _isTickManual = message is TickRequested;
                _answer = message is TickRequested request ? request.Answer : _answer;
                _ = RunTickBesideAsync();
                break;
            case TickAction.AnswerOverlapSkipped:
                ((TickRequested)message).Answer.TrySetResult(TickReport.OverlapSkipped(_time.GetUtcNow()));
                break;
            case TickAction.AnswerTick:
                _answer?.TrySetResult(((RunsSettled)message).Report);
                _answer = null;
                break;
        }

        _status = _status with { State = _state.Word };
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _mailbox.Dispose();
        _stopping.Dispose();
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
            _ = WaitForRunsBesideAsync(outcome);
        }
    }

    private async Task RunTickBesideAsync()
    {
        TickOutcome outcome;
        try
        {
            outcome = await Task.Run(() => _runTick(_stopping.Token), _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            outcome = new TickOutcome(_time.GetUtcNow(), [], ["the service is stopping"], TimeSpan.Zero);
        }

        await TellAsync(new TickFinished(outcome));
    }

    private async Task WaitForRunsBesideAsync(TickOutcome outcome)
    {
        TickReport report;
        try
        {
            report =
                outcome.Claimable.Count == 0
                    ? outcome.ToReport()
                    : await _waitForRuns(outcome, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            report = Stopping();
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            report = TickReport.Failed(outcome.At, DatabaseFaults.Describe(exception));
        }

        await TellAsync(new RunsSettled(report));
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

    private TickReport Stopping() => TickReport.Failed(_time.GetUtcNow(), "the service is stopping");
}
