using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>What the ledger notes of a call before it is made.</summary>
/// <param name="CallsMax">Calls that the occurrence may make in all its attempts.</param>
/// <param name="Estimate">Tokens that it may cost: reserved until the answer says what it did cost.</param>
public sealed record CallPlan(
    string Model,
    string PromptVersion,
    string ToolsHash,
    int CallsMax,
    long Estimate
)
{
    /// <summary>Why the answer before this call was no plan; null where there was none.</summary>
    public string? Refusal { get; init; }
}

/// <summary>
/// The calls of claimed runs: admitted under their budgets before they are made, settled with what they cost.
/// </summary>
/// <remarks>
/// A budget's row is locked while a call is admitted under it, so that settled and reserved tokens together are below
/// the limit at every admission, over all nodes: the overshoot is at most one call. What becomes of a call whose process
/// died nobody knows: what was reserved for it is settled by whoever takes the run over.
/// </remarks>
/// <param name="atOnce">
/// How many calls, and how many answers, are noted at a time before others wait and go together. More would take
/// connections from those who write back.
/// </param>
public sealed class CallLedger(SyncDatabase database, NodeId node, BudgetOptions budgets, int atOnce = 2)
{
    private readonly CallNotes _notes = new(database, node, atOnce);

    /// <summary>Whether a budget has to be asked before each of its calls.</summary>
    public bool IsLimited(Claim claim) => Budget.Of(claim, budgets).Count > 0;

    /// <summary>Counts a call and reserves its tokens before it is made.</summary>
    public async Task<Admission> AdmitAsync(Claim claim, CallPlan call, CancellationToken cancellationToken)
    {
        var limits = Budget.Of(claim, budgets);
        if (limits.Count == 0)
        {
            return await _notes.CountAsync(new AskedCall(claim, call), cancellationToken)
                ? new Admission.Admitted(AgentShare: null)
                : new Admission.Refused();
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        var spendings = await ReadSpendingsAsync(transaction, claim, limits, cancellationToken);
        if (spendings.FirstOrDefault(spending => spending.IsSpent) is { } spent)
        {
            return new Admission.Spent(spent);
        }

        if (spendings.FirstOrDefault(spending => spending.IsFull) is { } full)
        {
            return new Admission.Reserved(full);
        }

        await using var command = transaction.Command(Sql.Get("CountCall"));
        _notes.AddCount(command.Parameters, new AskedCall(claim, call));
        if (await command.ExecuteScalarAsync(cancellationToken) is null)
        {
            return new Admission.Refused();
        }

        await transaction.CommitAsync(cancellationToken);
        var agent = spendings.FirstOrDefault(spending => spending.Kind == "agent");
        return new Admission.Admitted(agent is null ? null : (double)agent.Settled / agent.Limit);
    }

    /// <summary>Keeps an answer as soon as it is here, and settles what it cost. False: the claim is lost.</summary>
    /// <param name="place">How many answers were kept before it. The same one may be said twice.</param>
    /// <param name="estimate">What it cost where the server did not say.</param>
    public async Task<bool> KeepAnswerAsync(
        Claim claim,
        int place,
        string answerJson,
        LlmUsage usage,
        long estimate,
        TimeSpan took,
        CancellationToken cancellationToken
    )
    {
        var answer = new ArrivedAnswer(claim, place, answerJson, usage, estimate, took);
        var isMine = await _notes.KeepAsync(answer, cancellationToken);
        if (isMine && IsLimited(claim))
        {
            await WakeWaitersAsync(claim, cancellationToken);
        }

        return isMine;
    }

    private static async Task<List<Spending>> ReadSpendingsAsync(
        DatabaseTransaction transaction,
        Claim claim,
        IReadOnlyList<Budget> limits,
        CancellationToken cancellationToken
    )
    {
        var spendings = new List<Spending>();
        if (limits.Count == 0)
        {
            return spendings;
        }

        var scopes = limits.Select(budget => budget.Scope).Order(StringComparer.Ordinal).ToArray();
        await using var batch = transaction.Batch();
        batch.Then(Sql.Get("OpenBudgets")).Add("scopes", scopes);
        batch.Then(Sql.Get("LockBudgets")).Add("scopes", scopes);
        foreach (var budget in limits)
        {
            budget.AddReading(batch, BudgetUse.Of(claim));
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        foreach (var budget in limits)
        {
            await reader.NextResultAsync(cancellationToken); // The first is past the locks.
            await reader.ReadAsync(cancellationToken);
            spendings.Add(new Spending(budget.Kind, budget.Limit, reader.GetInt64(0), reader.GetInt64(1)));
        }

        return spendings;
    }

    private Task WakeWaitersAsync(Claim claim, CancellationToken cancellationToken) =>
        database.OnceAsync(
            batch => batch.Then(Sql.Get("WakeBudgetWaiters")).Add("user", claim.Mission.UserId.Value),
            cancellationToken
        );
}
