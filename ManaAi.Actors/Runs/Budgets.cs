using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
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
    public static IReadOnlyList<Budget> Of(Claim claim, BudgetOptions options) =>
        Of(BudgetUse.Of(claim), options);

    public static IReadOnlyList<Budget> Of(BudgetUse use, BudgetOptions options)
    {
        var (user, mission) = (use.Mission.UserId.Value, use.Mission.MissionId.Value);
        var budgets = new List<Budget>();
        Add("service", "service", options.Total, "ServiceSpending");
        Add("user", $"user {user}", options.PerUser, "UserSpending");
        Add("agent", $"agent {user}/{use.AgentId}", use.AgentTokensPerDay, "AgentSpending");
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

    public void AddReading(NpgsqlBatch batch, BudgetUse use)
    {
        var command = batch.Then(Sql.Get(Statement)).Add("run", use.RunId);
        if (Kind != "service")
        {
            command.Add("user", use.Mission.UserId.Value);
        }

        if (Kind == "agent")
        {
            command.Add("agent", use.AgentId);
        }
        else if (Kind == "mission")
        {
            command.Add("mission", use.Mission.MissionId.Value);
        }
    }
}

/// <summary>For what tokens are used: it decides which budgets there are.</summary>
/// <param name="RunId">Its own reservation does not stand in its way; 0 where it has no run.</param>
internal sealed record BudgetUse(MissionKey Mission, long RunId, string? AgentId, long? AgentTokensPerDay)
{
    public static BudgetUse Of(Claim claim) =>
        new(claim.Mission, claim.RunId, claim.AgentId, claim.AgentTokensPerDay);
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
