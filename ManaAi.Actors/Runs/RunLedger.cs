using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
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
    /// <summary>Claims at most this many runs, one user's turn after the other, in one short transaction.</summary>
    public async Task<IReadOnlyList<Claim>> ClaimAsync(int slots, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var users = await LockUsersAsync(transaction, slots, cancellationToken);
        if (users.Length == 0)
        {
            return [];
        }

        var claims = await ClaimRunsAsync(transaction, users, slots, cancellationToken);
        await using var pass = transaction
            .Command(Sql.Get("PassTurns"))
            .Add("users", users)
            .Add("served", claims.Select(claim => claim.Mission.UserId.Value).ToArray())
            .Add("per_user", (long)options.ConcurrentPerUserMax);
        await pass.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return claims;
    }

    /// <summary>How long until a claim may find something; null where nothing is open. Negative: now.</summary>
    public async Task<TimeSpan?> UntilReadyAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction.Command(Sql.Get("NextReady"));
        var seconds = await command.ExecuteScalarAsync(cancellationToken);
        return seconds is double value ? TimeSpan.FromSeconds(Math.Min(value, 86_400)) : null;
    }

    /// <summary>Lengthens these claims; those missing from the result are lost.</summary>
    public async Task<IReadOnlySet<long>> RenewAsync(
        IReadOnlyCollection<Claim> claims,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var renewed = new HashSet<long>();
        await using (
            var command = transaction
                .Command(Sql.Get("RenewLeases"))
                .Add("runs", claims.Select(claim => claim.RunId).ToArray())
                .Add("epochs", claims.Select(claim => claim.Epoch).ToArray())
                .Add("node", node.Value)
                .Add("lease", options.Lease)
        )
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                renewed.Add(reader.GetInt64(0));
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return renewed;
    }

    /// <summary>Counts a call before it is made. False: the claim is lost, or the occurrence has had all its calls.</summary>
    public Task<bool> CountCallAsync(
        Claim claim,
        PlanMode mode,
        string model,
        string promptVersion,
        string toolsHash,
        CancellationToken cancellationToken
    ) =>
        ForClaimAsync(
            "CountCall",
            claim,
            command =>
                command
                    .Add("model", model)
                    .Add("prompt_version", promptVersion)
                    .Add("tools_hash", toolsHash)
                    .Add("calls_max", options.CallsMaxOf(mode)),
            cancellationToken
        );

    /// <summary>Keeps an answer as soon as it is here. False: the claim is lost.</summary>
    public Task<bool> KeepAnswerAsync(
        Claim claim,
        string answerJson,
        LlmUsage usage,
        CancellationToken cancellationToken
    ) =>
        ForClaimAsync(
            "KeepAnswer",
            claim,
            command =>
            {
                command.Parameters.Add(
                    new NpgsqlParameter("answer", NpgsqlTypes.NpgsqlDbType.Jsonb) { Value = answerJson }
                );
                command
                    .Add("prompt_tokens", usage.PromptTokens)
                    .Add("completion_tokens", usage.CompletionTokens);
            },
            cancellationToken
        );

    /// <summary>Frees a run for a later attempt. False: the claim is lost.</summary>
    public Task<bool> ReleaseAsync(Claim claim, Release release, CancellationToken cancellationToken) =>
        ForClaimAsync(
            "ReleaseRun",
            claim,
            command =>
                command
                    .Add("wait", release.Wait)
                    .Add("waits_for", release.WaitsFor)
                    .Add("last_error", release.Error)
                    .Add("costs_attempt", release.CostsAttempt)
                    .Add("keeps_answers", release.KeepsAnswers),
            cancellationToken
        );

    /// <summary>
    /// Ends a run whose result the change log does not take, without a row: the one verdict that its user cannot see.
    /// </summary>
    public async Task GiveUpAsync(Claim claim, string detail, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get("CloseRun"))
            .Add("run", claim.RunId)
            .Add("epoch", claim.Epoch)
            .Add("node", node.Value)
            .Add("verdict", "skipped")
            .Add("reason", "write-refused")
            .Add("detail", detail)
            .Add("has_plan", value: false)
            .Add("missed", 0)
            .Add("iteration_id", (Guid?)null);
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
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

    private static async Task<string[]> LockUsersAsync(
        DatabaseTransaction transaction,
        int slots,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction.Command(Sql.Get("LockUsers")).Add("slots", (long)slots);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var users = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            users.Add(reader.GetString(0));
        }

        return [.. users];
    }

    private async Task<List<Claim>> ClaimRunsAsync(
        DatabaseTransaction transaction,
        string[] users,
        int slots,
        CancellationToken cancellationToken
    )
    {
        await using var command = transaction
            .Command(Sql.Get("ClaimRuns"))
            .Add("users", users)
            .Add("slots", (long)slots)
            .Add("per_user", (long)options.ConcurrentPerUserMax)
            .Add("attempts_max", options.AttemptsMax)
            .Add("node", node.Value)
            .Add("lease", options.Lease);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
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
        );

    private async Task<bool> ForClaimAsync(
        string statement,
        Claim claim,
        Action<NpgsqlCommand> addValues,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await using var command = transaction
            .Command(Sql.Get(statement))
            .Add("run", claim.RunId)
            .Add("epoch", claim.Epoch)
            .Add("node", node.Value);
        addValues(command);
        var isMine = await command.ExecuteScalarAsync(cancellationToken) is not null;
        await transaction.CommitAsync(cancellationToken);
        return isMine;
    }
}

/// <summary>Why a claimed run is set free, and for how long.</summary>
/// <param name="WaitsFor">retry, rate-limit, authorization or write-back.</param>
/// <param name="CostsAttempt">False where the wait is not the occurrence's own failure.</param>
public sealed record Release(TimeSpan Wait, string WaitsFor, string Error, bool CostsAttempt)
{
    /// <summary>
    /// True where the answers were good and what came after them failed, the write-back or the next round of calls: they
    /// are not paid for twice.
    /// </summary>
    public bool KeepsAnswers { get; init; }
}
