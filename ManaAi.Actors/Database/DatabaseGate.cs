using ManaAi.Actors.ChangeLog;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>
/// Lets nothing pass until the database, the view of the change log and the schema are proven right; asks anew after
/// every failure, so that the service recovers by itself and never takes a blinded login's empty world for the truth.
/// </summary>
public sealed class DatabaseGate(SyncDatabase database, TimeProvider time, ILogger<DatabaseGate> logger)
    : IReadinessCheck,
        IDisposable
{
    private static readonly TimeSpan CheckMax = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _proving = new(1, 1);
    private volatile GateState _state = new(null, ["the database has not been asked yet"], []);

    /// <summary>Whether the last look found everything right. Only for what may fail: whoever writes enters.</summary>
    public bool IsOpen => _state.Access is not null;

    /// <summary>Access to the log as it is shaped now, or null with the reasons in <see cref="CheckAsync"/>.</summary>
    public async Task<GateAnswer> EnterAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_state.Access is { } access && await IsStillSoAsync(access, cancellationToken))
            {
                return new GateAnswer(access, []);
            }

            await ProveAsync(cancellationToken);
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            Refuse(DatabaseFaults.Describe(exception));
        }

        return new GateAnswer(_state.Access, _state.Reasons);
    }

    /// <summary>Something failed that was right before: prove everything again before the next use.</summary>
    public void Doubt()
    {
        _state = _state with { Access = null };
        // What was prepared may be what failed: the log or the schema is not what it was.
        database.Clear();
    }

    public async Task<Readiness> CheckAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(CheckMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var answer = await EnterAsync(either.Token);
            return new Readiness(answer.Reasons, _state.Degradations);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Readiness.NotReady($"the database did not answer within {CheckMax.TotalSeconds:0} s");
        }
    }

    public void Dispose() => _proving.Dispose();

    private async Task ProveAsync(CancellationToken cancellationToken)
    {
        await _proving.WaitAsync(cancellationToken);
        try
        {
            var probe = await LogAccessProbe.RunAsync(database, cancellationToken);
            if (probe.Access is null)
            {
                Refuse(probe.Reasons);
                return;
            }

            var before = await Migrator.RunAsync(database, probe, cancellationToken);
            Accept(probe, before.Pending);
        }
        catch (MigrationException exception)
        {
            Refuse(exception.Message);
        }
        finally
        {
            _proving.Release();
        }
    }

    private void Accept(ProbeResult probe, IReadOnlyList<Migration> applied)
    {
        var wasReady = _state.Access is not null;
        _state = new GateState(probe.Access, [], probe.Degradations);
        if (applied is [.., var last])
        {
            Log.Migrated(logger, last.Name, applied.Count);
        }

        if (wasReady)
        {
            return;
        }

        Log.Ready(logger, (int)probe.Access!.Shape.Generation, probe.Login);
        foreach (var degradation in probe.Degradations)
        {
            Log.Degraded(logger, degradation);
        }
    }

    private void Refuse(params IReadOnlyList<string> reasons)
    {
        // Said once, not on every tick.
        if (!_state.Reasons.SequenceEqual(reasons, StringComparer.Ordinal))
        {
            foreach (var reason in reasons)
            {
                Log.NotReady(logger, reason);
            }
        }

        _state = new GateState(null, reasons, []);
    }

    /// <summary>What can change without an error to tell: the columns, and whether this login sees all rows.</summary>
    private Task<bool> IsStillSoAsync(LogAccess access, CancellationToken cancellationToken) =>
        database.OnceAsync(
            batch =>
            {
                batch.Then(Sql.Get("LogShape"));
                batch.Then(Sql.Get("IsBlinded"));
            },
            async (reader, token) =>
                await LogShape.ReadAsync(reader, token) == access.Shape
                && await reader.NextResultAsync(token)
                && await reader.ReadAsync(token)
                && !reader.GetBoolean(0),
            cancellationToken
        );

    private sealed record GateState(
        LogAccess? Access,
        IReadOnlyList<string> Reasons,
        IReadOnlyList<string> Degradations
    );
}

/// <param name="Access">null where the gate is closed; then there are reasons.</param>
public sealed record GateAnswer(LogAccess? Access, IReadOnlyList<string> Reasons);
