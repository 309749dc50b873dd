using System.Globalization;
using ManaAi.Actors.Database;
using ManaAi.Actors.Runs;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Ticking;

/// <summary>Hears of rows by which a device makes a mission due, and has the coordinator tick at once.</summary>
/// <remarks>
/// It may be deaf at any time: without the trigger, through a pooler, over a connection that died. Then the timer's
/// ticks find the same rows, later. So it owes nothing, and says what it lacks once.
/// </remarks>
public sealed class WakeUpListener(
    SyncDatabase database,
    DatabaseGate gate,
    WakeUpTrigger trigger,
    WakeUpOptions options,
    NodeId node,
    Action wakeUp,
    TimeProvider time,
    ILogger<WakeUpListener> logger
) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task? _loop;
    private bool _isDeafnessSaid;
    private bool _isHeard;
    private bool _isProven;

    /// <summary>Once; a listener that was stopped does not start again.</summary>
    public void Start()
    {
        if (!_stop.IsCancellationRequested)
        {
            _loop ??= Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);
        }
    }

    public async Task StopAsync(CancellationToken patience)
    {
        await _stop.CancelAsync();
        await (_loop ?? Task.CompletedTask)
            .WaitAsync(patience)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        var wait = options.RetryMin;
        while (!stopping.IsCancellationRequested)
        {
            _isProven = false;
            try
            {
                if ((await gate.EnterAsync(stopping)).Access is null)
                {
                    wait = Longer(wait); // The gate says why.
                }
                else
                {
                    wait = options.RetryMax;
                    await ListenAsync(stopping);
                }
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                wait = _isProven ? options.RetryMin : Longer(wait);
                Log.WakeUpsLost(logger, Describe(exception), wait);
                database.Clear();
            }

            await Task.Delay(wait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Returns where nothing can be heard, throws when the connection is lost.</summary>
    private async Task ListenAsync(CancellationToken stopping)
    {
        if (!await trigger.EnsureAsync(stopping))
        {
            return;
        }

        await using var connection = await database.OpenLastingAsync(stopping);
        var proof = string.Create(CultureInfo.InvariantCulture, $"{node}/{connection.ProcessID}");
        connection.Notification += (_, notification) =>
        {
            _isHeard |= notification.Payload.Length == 0;
            _isProven |= notification.Payload == proof;
        };
        await ExecuteAsync(connection, "listen mana_ai_wakeup", stopping);
        if (!await ProveAsync(connection, proof, stopping))
        {
            if (!_isDeafnessSaid)
            {
                _isDeafnessSaid = true;
                Log.CannotListen(logger);
            }

            return;
        }

        Log.Listening(logger);
        _isHeard = true; // What came while nobody listened.
        while (true)
        {
            if (!_isHeard && !await connection.WaitAsync(options.KeepAlive, stopping))
            {
                await AskAsync(connection, stopping);
            }

            if (_isHeard)
            {
                _isHeard = false;
                wakeUp();
                await Task.Delay(options.Gap, time, stopping);
                await AskAsync(connection, stopping); // Takes in all that came meanwhile.
            }
        }
    }

    /// <summary>
    /// Listening through a pooler succeeds and hears nothing, so it is tried: by a row's way, over another connection.
    /// </summary>
    private async Task<bool> ProveAsync(NpgsqlConnection connection, string proof, CancellationToken stopping)
    {
        await using (var transaction = await database.BeginAsync(stopping))
        {
            await using var command = transaction.Command(Sql.Get("ProveListening")).Add("payload", proof);
            await command.ExecuteNonQueryAsync(stopping);
            await transaction.CommitAsync(stopping);
        }

        while (!_isProven && await connection.WaitAsync(options.AnswerMax, stopping))
        {
            // Something else was heard.
        }

        return _isProven;
    }

    private Task AskAsync(NpgsqlConnection connection, CancellationToken stopping) =>
        ExecuteAsync(connection, "select 1", stopping);

    private async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken stopping)
    {
        await using var command = new NpgsqlCommand(sql, connection)
        {
            CommandTimeout = Math.Max(1, (int)options.AnswerMax.TotalSeconds),
        };
        await command.ExecuteNonQueryAsync(stopping);
    }

    private static string Describe(Exception exception) =>
        exception.IsDatabaseFault() ? DatabaseFaults.Describe(exception) : exception.GetType().Name;

    private TimeSpan Longer(TimeSpan wait) => wait * 2 < options.RetryMax ? wait * 2 : options.RetryMax;
}
