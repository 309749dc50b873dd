using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>How many tokens may be used within a rolling day; null is no limit, 0 never runs.</summary>
public sealed record BudgetOptions
{
    /// <summary>TOKENS_PER_MISSION_PER_DAY.</summary>
    public long? PerMission { get; init; }

    /// <summary>TOKENS_PER_USER_PER_DAY.</summary>
    public long? PerUser { get; init; }

    /// <summary>TOKENS_PER_DAY, for the whole service.</summary>
    public long? Total { get; init; }
}

/// <summary>One budget that a call falls under.</summary>
/// <param name="Kind">service, user, agent or mission.</param>
/// <param name="Scope">The row that is locked while a call is admitted under it.</param>
internal sealed record Budget(string Kind, string Scope, long Limit, string Statement)
{
    /// <summary>Those that a claim's calls fall under; none where nothing is limited.</summary>
    public static IReadOnlyList<Budget> Of(Claim claim, BudgetOptions options)
    {
        var (user, mission) = (claim.Mission.UserId.Value, claim.Mission.MissionId.Value);
        var budgets = new List<Budget>();
        Add("service", "service", options.Total, "ServiceSpending");
        Add("user", $"user {user}", options.PerUser, "UserSpending");
        Add("agent", $"agent {user}/{claim.AgentId}", claim.AgentTokensPerDay, "AgentSpending");
        Add("mission", $"mission {user}/{mission}", options.PerMission, "MissionSpending");
        return budgets;

        void Add(string kind, string scope, long? limit, string statement)
        {
            if (limit is { } tokens)
            {
                budgets.Add(new Budget(kind, scope, tokens, statement));
            }
        }
    }

    public void AddReading(NpgsqlBatch batch, Claim claim)
    {
        var command = batch.Then(Sql.Get(Statement)).Add("run", claim.RunId);
        if (Kind != "service")
        {
            command.Add("user", claim.Mission.UserId.Value);
        }

        if (Kind == "agent")
        {
            command.Add("agent", claim.AgentId);
        }
        else if (Kind == "mission")
        {
            command.Add("mission", claim.Mission.MissionId.Value);
        }
    }
}

/// <summary>What stands of one budget in the last 24 hours.</summary>
/// <param name="Settled">Tokens of calls that were answered.</param>
/// <param name="Reserved">Tokens that calls under way may cost.</param>
public sealed record Spending(string Kind, long Limit, long Settled, long Reserved)
{
    /// <summary>Settled usage alone has reached the limit.</summary>
    public bool IsSpent => Settled >= Limit;

    public bool IsFull => Settled + Reserved >= Limit;
}

/// <summary>Whether a call may be made.</summary>
public abstract record Admission
{
    private Admission() { } // Closed: only the cases below can exist.

    /// <param name="AgentShare">How much of the agent's budget was used before this call; null without one.</param>
    public sealed record Admitted(double? AgentShare) : Admission;

    /// <summary>Only reservations of other calls stand in the way.</summary>
    public sealed record Reserved(Spending Spending) : Admission;

    public sealed record Spent(Spending Spending) : Admission;

    /// <summary>The claim is lost, or the occurrence has had all its calls.</summary>
    public sealed record Refused : Admission;
}
