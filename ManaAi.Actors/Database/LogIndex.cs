using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ManaAi.Actors.Database;

/// <summary>The index on sync_changes by which a tick reads only what is new. Without it all is slower and right.</summary>
/// <remarks>
/// A build cannot be in a transaction and waits for all that are open, so it has a connection of its own and goes on
/// beside the ticks when it takes long. Two nodes may build at once: one of them finds the other's, or fails and looks
/// again; the worst is that it is built twice. When the process dies, an INVALID index is left, and built again.
/// </remarks>
public sealed class LogIndex(
    SyncDatabase database,
    LogObjectsOptions options,
    TimeProvider time,
    ILogger<LogIndex> logger
) : IAsyncDisposable
{
    private const string Missing =
        "The change log has no index for reading what is new, so each tick reads more than it must: run "
        + "docker/postgres/roles.sql with -v log_index=1 as a superuser, or as the table's owner ";

    // Two that disturb each other do so once or twice.
    private const int RoundsMax = 5;

    private readonly CancellationTokenSource _stop = new();
    private Task? _build;
    private bool _isDisposed;

    /// <summary>Looks once whether it is there, says what to do if not, or makes it. Returns soon in any case.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (_build is not null)
        {
            return;
        }

        var state = await LookAsync(database, cancellationToken);
        if (state.IsThere || !options.IsIndexManaged || !state.IsOwner)
        {
            _build = Task.CompletedTask;
            if (!state.IsThere)
            {
                Log.LogIndexMissing(logger, Sentence);
            }

            return;
        }

        _build = Task.Run(BuildAsync, CancellationToken.None);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_build, Task.Delay(options.IndexWait, time, enough.Token));
        await enough.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (!_build.IsCompleted)
        {
            Log.LogIndexTakesLong(logger, options.IndexWait);
        }
    }

    /// <summary>What an operator should do about it; null where it is there.</summary>
    public async Task<string?> ReadDegradationAsync(CancellationToken cancellationToken) =>
        (await LookAsync(database, cancellationToken)).IsThere ? null : Sentence;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stop.CancelAsync();
        await (_build ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>What makes it, in one line.</summary>
    internal static string Statement =>
        string.Join(
            ' ',
            Sql.LogObjects["LogIndex"].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
        );

    private static string Sentence => $"{Missing}{Statement}";

    private async Task BuildAsync()
    {
        using var limit = new CancellationTokenSource(options.IndexBuildMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, limit.Token);
        var started = Stopwatch.GetTimestamp();
        try
        {
            for (var round = 0; round < RoundsMax; round++)
            {
                if (await BuildOnceAsync(either.Token))
                {
                    Log.LogIndexThere(logger, Stopwatch.GetElapsedTime(started));
                    return;
                }
            }

            Log.LogIndexMissing(logger, Sentence);
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // The node stops; the next start drops what is half built.
        }
        catch (Exception exception)
            when (exception.IsDatabaseFault() || exception is OperationCanceledException)
        {
            var reason = limit.IsCancellationRequested
                ? "it took too long"
                : DatabaseFaults.Describe(exception);
            Log.LogIndexNotBuilt(logger, reason, Sentence);
        }
    }

    /// <returns>True: it is there.</returns>
    private async Task<bool> BuildOnceAsync(CancellationToken cancellationToken)
    {
        var state = await LookAsync(database, cancellationToken);
        while (!state.IsThere && state.IsBeingBuilt)
        {
            await Task.Delay(options.IndexLookAgain, time, cancellationToken);
            state = await LookAsync(database, cancellationToken);
        }

        if (state.IsThere)
        {
            return true;
        }

        try
        {
            await using var connection = await database.OpenLastingAsync(cancellationToken);
            // Of this session, where there is one; through a pooler it may not hold, and the build ends sooner.
            await ExecuteAsync(connection, "set statement_timeout = 0", cancellationToken);
            if (state.IsBroken)
            {
                Log.LogIndexBroken(logger);
                await ExecuteAsync(
                    connection,
                    "drop index concurrently if exists public.mana_ai_log_created_at",
                    cancellationToken
                );
            }

            await ExecuteAsync(connection, Sql.LogObjects["LogIndex"], cancellationToken);
        }
        catch (PostgresException exception)
            when (exception.SqlState
                    is PostgresErrorCodes.UniqueViolation
                        or PostgresErrorCodes.DuplicateTable
                        or PostgresErrorCodes.DeadlockDetected
                        or PostgresErrorCodes.UndefinedObject
            )
        {
            // Another node does the same: look again.
        }

        return (await LookAsync(database, cancellationToken)).IsThere;
    }

    internal static async Task<IndexState> LookAsync(
        SyncDatabase database,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("LogIndexState"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new IndexState(
                reader.GetBoolean(0),
                reader.GetBoolean(1),
                reader.GetBoolean(2),
                reader.GetBoolean(3)
            )
            : default;
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection,
        string sql,
        CancellationToken cancellationToken
    )
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <param name="IsBroken">A build failed and left it INVALID.</param>
    internal readonly record struct IndexState(bool IsThere, bool IsBroken, bool IsBeingBuilt, bool IsOwner);
}
