using System.Globalization;
using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using Microsoft.Extensions.Logging;

namespace ManaAi.Actors.Runs;

/// <summary>
/// What the calls to mana-llm taught us, kept in rows, so that all nodes act on it and a restart forgets nothing: a
/// breaker for failures, a hold for a refused key, and a hold for each model that answers 429.
/// </summary>
/// <remarks>
/// Claims read it (see <see cref="RunLedger.ClaimAsync"/>); calls that were already under way when it closed go on.
/// Answers are counted in memory and written every few seconds: only their sum matters, and that beside failures, which
/// are written at once.
/// </remarks>
public sealed class LlmGate(
    SyncDatabase database,
    NodeId node,
    LlmGateOptions options,
    TimeProvider time,
    Metrics metrics,
    ILogger<LlmGate> logger
)
{
    private static readonly TimeSpan AnswersKeptFor = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private int _answered;
    private long _writtenAt;

    /// <summary>What every node would be told now, for any model; for pages, not for decisions.</summary>
    public async Task<GateReading> ReadAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("ReadGate")).Add("model", (string?)null);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await GateReading.ReadAsync(reader, cancellationToken);
    }

    /// <summary>Draws the lesson from one call. Calls that our own shutdown ended teach nothing, and never come here.</summary>
    public async Task NoteAsync(
        Claim claim,
        string model,
        LlmOutcome outcome,
        CancellationToken cancellationToken
    )
    {
        switch (outcome)
        {
            case LlmOutcome.Unavailable { IsBreakerMatter: true } unavailable:
                await NoteFailureAsync(claim, unavailable, cancellationToken);
                break;
            case LlmOutcome.Unauthorized unauthorized:
                await NoteUnauthorizedAsync(claim, unauthorized, cancellationToken);
                break;
            case LlmOutcome.RateLimited limited:
                await HoldModelAsync(model, RetryWaits.AfterRateLimit(limited.RetryAfter), cancellationToken);
                await NoteAnswerAsync(claim, cancellationToken);
                break;
            default:
                await NoteAnswerAsync(claim, cancellationToken);
                await ReleaseModelAsync(claim, model, cancellationToken);
                break;
        }
    }

    private async Task NoteAnswerAsync(Claim claim, CancellationToken cancellationToken)
    {
        if (TakeAnswered(added: 1, isForced: false) is > 0 and var answered)
        {
            await WriteCallsAsync(answered, failed: 0, cancellationToken);
        }

        await CloseAsync(claim, [GateEntry.Authorization, GateEntry.Failures], cancellationToken);
    }

    private async Task NoteFailureAsync(
        Claim claim,
        LlmOutcome.Unavailable unavailable,
        CancellationToken cancellationToken
    )
    {
        await WriteCallsAsync(TakeAnswered(added: 0, isForced: true), failed: 1, cancellationToken);
        var detail = $"{unavailable.Kind}: {unavailable.Brief}";
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (claim.IsProbe)
        {
            await using var batch = transaction.Batch();
            // In the order of their causes, as claims lock them.
            batch
                .Then(Sql.Get("DelayAuthorization"))
                .Add("run", claim.RunId)
                .Add("epoch", claim.Epoch)
                .Add("hold", options.AuthorizationHold);
            batch
                .Then(Sql.Get("ReopenBreaker"))
                .Add("run", claim.RunId)
                .Add("epoch", claim.Epoch)
                .Add("open_for", options.OpenFor)
                .Add("open_max", options.OpenMax)
                .Add("detail", detail);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var open = transaction
            .Command(Sql.Get("OpenBreaker"))
            .Add("open_for", options.OpenFor)
            .Add("calls_min", (long)options.CallsMin)
            .Add("detail", detail);
        (long Failed, long Calls)? opened = null;
        await using (var reader = await open.ExecuteReaderAsync(cancellationToken))
        {
            if (await reader.ReadAsync(cancellationToken))
            {
                opened = (reader.GetInt64(0), reader.GetInt64(1));
            }
        }

        await transaction.CommitAsync(cancellationToken);
        if (opened is { } sums)
        {
            metrics.CountBreaker(GateEntry.Failures, "open");
            Log.BreakerOpened(logger, sums.Failed, sums.Calls, detail);
        }
    }

    private async Task NoteUnauthorizedAsync(
        Claim claim,
        LlmOutcome.Unauthorized unauthorized,
        CancellationToken cancellationToken
    )
    {
        // The status alone: servers repeat keys in what they say about them.
        var detail = string.Create(CultureInfo.InvariantCulture, $"status {unauthorized.Status}");
        await using (var transaction = await database.BeginAsync(cancellationToken))
        {
            await using var command = transaction
                .Command(Sql.Get("HoldAuthorization"))
                .Add("hold", options.AuthorizationHold)
                .Add("detail", detail);
            var isNew = await command.ExecuteScalarAsync(cancellationToken) is true;
            await transaction.CommitAsync(cancellationToken);
            if (isNew)
            {
                metrics.CountBreaker(GateEntry.Authorization, "open");
                Log.KeyRefused(logger, unauthorized.Status);
            }
        }

        await CloseAsync(claim, [GateEntry.Failures], cancellationToken);
    }

    private async Task CloseAsync(Claim claim, string[] causes, CancellationToken cancellationToken)
    {
        if (!claim.IsProbe)
        {
            return;
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("CloseBreakers"))
            .Add("run", claim.RunId)
            .Add("epoch", claim.Epoch)
            .Add("causes", causes);
        var closed = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                closed.Add(reader.GetString(0));
            }
        }

        await transaction.CommitAsync(cancellationToken);
        foreach (var cause in closed)
        {
            metrics.CountBreaker(cause, "closed");
            Log.BreakerClosed(logger, cause);
        }
    }

    private async Task HoldModelAsync(string model, TimeSpan wait, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("HoldModel"))
            .Add("model", model)
            .Add("wait", wait);
        var isNew = await command.ExecuteScalarAsync(cancellationToken) is true;
        await transaction.CommitAsync(cancellationToken);
        if (isNew)
        {
            Log.ModelHeld(logger, model, wait);
        }
    }

    private async Task ReleaseModelAsync(Claim claim, string model, CancellationToken cancellationToken)
    {
        if (claim.RateLimitedSince is null)
        {
            return;
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("ReleaseModel")).Add("model", model);
        var wasHeld = await command.ExecuteScalarAsync(cancellationToken) is not null;
        await transaction.CommitAsync(cancellationToken);
        if (wasHeld)
        {
            Log.ModelReleased(logger, model);
        }
    }

    private async Task WriteCallsAsync(int answered, int failed, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var batch = transaction.Batch();
        batch
            .Then(Sql.Get("NoteCalls"))
            .Add("node", node.Value)
            .Add("answered", answered)
            .Add("failed", failed);
        batch.Then(Sql.Get("PruneCalls"));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private int TakeAnswered(int added, bool isForced)
    {
        lock (_lock)
        {
            _answered += added;
            // By the clock that only goes forward: one that is set back must not keep the answers here.
            if (!isForced && time.GetElapsedTime(_writtenAt) < AnswersKeptFor)
            {
                return 0;
            }

            (var taken, _answered, _writtenAt) = (_answered, 0, time.GetTimestamp());
            return taken;
        }
    }
}

/// <summary>When the breaker opens, and for how long.</summary>
public sealed record LlmGateOptions
{
    /// <summary>Fewer calls within a minute prove nothing.</summary>
    public int CallsMin { get; init; } = 20;

    /// <summary>From opening to the first probe; each probe that fails doubles it.</summary>
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait between two probes.</summary>
    public TimeSpan OpenMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a key that was refused is tried again.</summary>
    public TimeSpan AuthorizationHold { get; init; } = TimeSpan.FromMinutes(1);
}
