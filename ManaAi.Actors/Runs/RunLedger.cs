using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>
/// One row for each occurrence, in the database: who may plan it, how often it was tried, and how it ended.
/// </summary>
/// <remarks>
/// The database is the authority, by its clock: a claim is a lease with an epoch that only grows, and every statement
/// that acts for a claim names its epoch. Losing it is an answer: false. What a process held when it died is claimed
/// again when the lease has run out.
/// </remarks>
public sealed class RunLedger(SyncDatabase database, NodeId node, RunOptions options)
{
    public const string WriteRefused = "write-refused";

    /// <summary>
    /// Claims at most this many runs, one user's turn after the other, in one short transaction. Nothing while mana-llm is
    /// left alone; one, as a probe, when the time for that has come.
    /// </summary>
    /// <param name="firstCall">
    /// What is certain to be asked first for a claim, and is counted in the same transaction; null where nothing is. It
    /// must be quick, since users are locked meanwhile, and must not throw.
    /// </param>
    public async Task<ClaimRound> ClaimAsync(
        int slots,
        string model,
        Func<Claim, CallPlan?> firstCall,
        CancellationToken cancellationToken
    )
    {
        var round = await ClaimUnheldAsync(slots, model, firstCall, cancellationToken);
        return round.Gate.IsOnlyRateLimited
            ? round with
            {
                Claims = await ClaimWaitedOutAsync(slots, model, cancellationToken),
            }
            : round;
    }

    private async Task<ClaimRound> ClaimUnheldAsync(
        int slots,
        string model,
        Func<Claim, CallPlan?> firstCall,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var (gate, users) = await EnterAsync(transaction, slots, model, cancellationToken);
        if (gate.IsHeld || users.Length == 0)
        {
            return new ClaimRound([], gate);
        }

        var terms = new ClaimTerms(gate.IsHalfOpen ? 1 : slots, model, WaitedFor: null);
        var claims = await TakeAsync(transaction, users, terms, cancellationToken);
        AskedCall[] asked =
        [
            .. claims
                .Select(claim => (claim, plan: firstCall(claim)))
                .Where(first => first.plan is not null)
                .Select(first => new AskedCall(first.claim, first.plan!)),
        ];
        await using var batch = transaction.Batch();
        if (gate.IsHalfOpen)
        {
            batch.Then(Sql.Get("SetProbe")).Add("users", users).Add("node", node.Value);
        }

        // Also where there are none: its rows have their place.
        CallNotes.AddCounts(batch, node, asked);
        batch
            .Then(Sql.Get("PassTurns"))
            .Add("users", users)
            .Add("per_user", (long)options.ConcurrentPerUserMax);
        return await transaction.CommitAsync(
            batch,
            async (reader, token) =>
            {
                var counted = await CallNotes.ReadDoneAsync(reader, token);
                await reader.NextResultAsync(token);
                return new ClaimRound(
                    [
                        .. claims.Select(claim =>
                            claim with
                            {
                                IsCallCounted = counted.Contains((claim.RunId, claim.Epoch)),
                                IsProbe = gate.IsHalfOpen,
                            }
                        ),
                    ],
                    gate
                )
                {
                    HasPassedOver = await HasPassedOverAsync(reader, token),
                };
            },
            cancellationToken
        );
    }

    /// <summary>While a model is held, only runs that have waited for it for too long: they are told as failed.</summary>
    private async Task<IReadOnlyList<Claim>> ClaimWaitedOutAsync(
        int slots,
        string model,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var find = transaction
            .Command(Sql.Get("FindWaitedOut"))
            .Add("model", model)
            .Add("wait_max", options.RateLimitMax)
            .Add("slots", (long)slots);
        var found = await ReadTextsAsync(find, cancellationToken);
        if (found.Length == 0)
        {
            return [];
        }

        await using var take = transaction.Command(Sql.Get("LockTheseUsers")).Add("users", found);
        var users = await ReadTextsAsync(take, cancellationToken);
        await using var batch = transaction.Batch();
        AddClaim(batch, users, new ClaimTerms(slots, model, options.RateLimitMax));
        var claims = await transaction.CommitAsync(batch, ReadClaimsAsync, cancellationToken);
        return [.. claims.Select(claim => claim with { IsWaitedOut = true })];
    }

    /// <summary>How long until a claim may find something; null where nothing is open. Negative: now.</summary>
    public async Task<TimeSpan?> UntilReadyAsync(CancellationToken cancellationToken) =>
        await database.OnceAsync(
            batch => batch.Then(Sql.Get("NextReady")),
            async (reader, token) =>
                await reader.ReadAsync(token) && reader.GetNullable<double>(0) is { } seconds
                    ? TimeSpan.FromSeconds(Math.Min(seconds, 86_400))
                    : (TimeSpan?)null,
            cancellationToken
        );

    /// <summary>Lengthens these claims; those missing from the result are lost.</summary>
    public Task<IReadOnlySet<long>> RenewAsync(
        IReadOnlyCollection<Claim> claims,
        CancellationToken cancellationToken
    )
    {
        var ordered = claims.OrderBy(claim => claim.RunId).ToArray();
        return database.OnceAsync<IReadOnlySet<long>>(
            batch =>
                batch
                    .Then(Sql.Get("RenewLeases"))
                    .Add("runs", ordered.Select(claim => claim.RunId).ToArray())
                    .Add("epochs", ordered.Select(claim => claim.Epoch).ToArray())
                    .Add("node", node.Value)
                    .Add("lease", options.Lease),
            async (reader, token) =>
            {
                var renewed = new HashSet<long>();
                while (await reader.ReadAsync(token))
                {
                    renewed.Add(reader.GetInt64(0));
                }

                return renewed;
            },
            cancellationToken
        );
    }

    /// <summary>Frees a run for a later attempt. False: the claim is lost.</summary>
    public Task<bool> ReleaseAsync(Claim claim, Release release, CancellationToken cancellationToken) =>
        database.OnceAsync(
            batch =>
            {
                batch.Then(Sql.Get("LockUserOfRun")).Add("run", claim.RunId);
                batch
                    .Then(Sql.Get("ReleaseRun"))
                    .Add("run", claim.RunId)
                    .Add("epoch", claim.Epoch)
                    .Add("node", node.Value)
                    .Add("wait", release.Wait)
                    .Add("waits_for", release.WaitsFor)
                    .Add("last_error", release.Error)
                    .Add("costs_attempt", release.CostsAttempt)
                    .Add("keeps_answers", release.KeepsAnswers)
                    .Add("calls_given_back", release.IsCallGivenBack ? 1 : 0)
                    .Add("calls_ms", (long)release.CallTook.TotalMilliseconds);
            },
            async (reader, token) =>
            {
                await reader.NextResultAsync(token); // Past the user's lock.
                return await reader.ReadAsync(token);
            },
            cancellationToken
        );

    /// <summary>
    /// Ends a run whose result the change log does not take, without a row: the one verdict that its user cannot see.
    /// </summary>
    /// <returns>False: the claim is lost.</returns>
    public async Task<bool> GiveUpAsync(Claim claim, string detail, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("CloseRuns"));
        var closing = new RunClosing("skipped", WriteRefused, detail, HasPlan: false, IterationId: null);
        RunClosing.AddTo(command.Parameters, node, [(claim, closing)]);
        var isClosed = await command.ExecuteNonQueryAsync(cancellationToken) == 1;
        await transaction.CommitAsync(cancellationToken);
        return isClosed;
    }

    /// <summary>Frees everything that this node still holds, and gives the attempts back.</summary>
    public async Task<int> HandBackAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("HandBack")).Add("node", node.Value);
        var users = await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return users;
    }

    /// <summary>How many occurrences ended how; the verdict is `open` for those without one.</summary>
    public async Task<IReadOnlyList<(string Verdict, string? Reason, long Count)>> SumVerdictsAsync(
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("SumVerdicts"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var sums = new List<(string, string?, long)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            sums.Add((reader.GetString(0), reader.GetText(1), reader.GetInt64(2)));
        }

        return sums;
    }

    /// <summary>In one round trip: what stands in the way, and whose turn it is. Breakers are locked before users.</summary>
    private static async Task<(GateReading Gate, string[] Users)> EnterAsync(
        DatabaseTransaction transaction,
        int slots,
        string model,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        batch.Then(KeyedPlans.Select);
        batch.Then(Sql.Get("LockBreakers"));
        batch.Then(Sql.Get("ReadGate")).Add("model", model);
        batch.Then(Sql.Get("LockUsers")).Add("slots", (long)slots);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken); // Past how it is planned,
        await reader.NextResultAsync(cancellationToken); // and past the breakers' locks.
        var gate = await GateReading.ReadAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var users = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            users.Add(reader.GetString(0));
        }

        return (gate, [.. users]);
    }

    /// <returns>Whether some have nothing to claim before later.</returns>
    private static async Task<bool> HasPassedOverAsync(
        NpgsqlDataReader reader,
        CancellationToken cancellationToken
    )
    {
        var hasPassedOver = false;
        while (await reader.ReadAsync(cancellationToken))
        {
            hasPassedOver |= reader.GetBoolean(0);
        }

        return hasPassedOver;
    }

    private static async Task<string[]> ReadTextsAsync(
        NpgsqlCommand command,
        CancellationToken cancellationToken
    )
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var texts = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            texts.Add(reader.GetString(0));
        }

        return [.. texts];
    }

    private async Task<IReadOnlyList<Claim>> TakeAsync(
        DatabaseTransaction transaction,
        string[] users,
        ClaimTerms terms,
        CancellationToken cancellationToken
    )
    {
        await using var batch = transaction.Batch();
        AddClaim(batch, users, terms);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadClaimsAsync(reader, cancellationToken);
    }

    private void AddClaim(NpgsqlBatch batch, string[] users, ClaimTerms terms) =>
        batch
            .Then(Sql.Get("ClaimRuns"))
            .Add("users", users)
            .Add("slots", (long)terms.Slots)
            .Add("model", terms.Model)
            .Add("waited_for", terms.WaitedFor)
            .Add("per_user", (long)options.ConcurrentPerUserMax)
            .Add("attempts_max", options.AttemptsMax)
            .Add("node", node.Value)
            .Add("lease", options.Lease);

    private static async Task<IReadOnlyList<Claim>> ReadClaimsAsync(
        NpgsqlDataReader reader,
        CancellationToken cancellationToken
    )
    {
        var claims = new List<Claim>();
        while (await reader.ReadAsync(cancellationToken))
        {
            claims.Add(ReadClaim(reader));
        }

        return claims;
    }

    private static Claim ReadClaim(NpgsqlDataReader reader) =>
        new(
            reader.GetInt64(0),
            new Occurrence(
                new MissionKey(new UserId(reader.GetString(1)), new MissionId(reader.GetString(2))),
                reader.GetInstant(3)
            ),
            reader.GetInt64(4),
            reader.GetInt32(5),
            reader.GetInt32(6),
            reader.GetJson(7)!.Value,
            reader.GetJson(11)!.Value,
            reader.GetJson(12),
            reader.GetInstant(8),
            reader.GetNullable<DateTimeOffset>(10),
            reader.GetBoolean(9)
        )
        {
            AgentId = reader.GetText(13),
            AgentTokensPerDay = reader.GetNullable<long>(14),
            IsManual = reader.GetString(15) == "manual",
            OpenedBy = reader.GetText(16),
            IsCadenceNewer = reader.GetBoolean(17),
            IsFirst = reader.GetBoolean(18),
            IsHurried = reader.GetBoolean(19),
        };

    /// <param name="WaitedFor">Only runs that have waited for the model for longer than this; null takes all.</param>
    private readonly record struct ClaimTerms(int Slots, string Model, TimeSpan? WaitedFor);
}

/// <summary>Why a claimed run is set free, and for how long.</summary>
/// <param name="WaitsFor">retry, rate-limit, authorization, budget or write-back.</param>
/// <param name="CostsAttempt">False where the wait is not the occurrence's own failure.</param>
public sealed record Release(TimeSpan Wait, string WaitsFor, string Error, bool CostsAttempt)
{
    /// <summary>
    /// True where the answers were good and what came after them failed, the write-back or the next round of calls: they
    /// are not paid for twice.
    /// </summary>
    public bool KeepsAnswers { get; init; }

    /// <summary>True where the call does not count either: 429 may come more often than an occurrence has calls.</summary>
    public bool IsCallGivenBack { get; init; }

    /// <summary>The error without what a server said in its own words.</summary>
    public string Brief { get; init; } = Error;

    /// <summary>How long the call took that led to this.</summary>
    public TimeSpan CallTook { get; init; }
}
