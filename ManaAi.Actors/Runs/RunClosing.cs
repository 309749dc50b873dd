using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Actors.Runs;

/// <summary>What the ledger keeps of a run when it is closed.</summary>
/// <param name="HasPlan">A valid plan was made, written or not.</param>
internal sealed record RunClosing(
    string Verdict,
    string? Reason,
    string? Detail,
    bool HasPlan,
    Guid? IterationId
)
{
    /// <summary>How many occurrences had passed since the one that was made up for.</summary>
    public int Missed { get; init; }

    /// <summary>By how many periods the schedule moves: more than one after several failures.</summary>
    public int Periods { get; init; } = 1;

    /// <param name="verdict">null: superseded, whatever was made of it.</param>
    public static RunClosing Of(Claim claim, Verdict? verdict, bool hasPlan)
    {
        var (reason, detail) = verdict switch
        {
            Runs.Verdict.Failed failed => (failed.Reason.Word(), failed.Detail),
            Runs.Verdict.Skipped skipped => (skipped.Reason, skipped.Detail),
            _ => ((string?)null, (string?)null),
        };
        var iteration = verdict is Runs.Verdict.Planned or Runs.Verdict.Failed
            ? claim.Occurrence.IterationId
            : (Guid?)null;
        return new RunClosing(verdict?.Word ?? "superseded", reason, detail, hasPlan, iteration);
    }

    /// <summary>The parameters of the statement CloseRuns.</summary>
    public static void AddTo(
        NpgsqlParameterCollection parameters,
        NodeId node,
        IReadOnlyList<(Claim Claim, RunClosing Closing)> closings
    ) =>
        parameters
            .Add("node", node.Value)
            .Add("runs", closings.Select(one => one.Claim.RunId).ToArray())
            .Add("epochs", closings.Select(one => one.Claim.Epoch).ToArray())
            .Add("verdicts", closings.Select(one => one.Closing.Verdict).ToArray())
            .Add("reasons", closings.Select(one => one.Closing.Reason).ToArray())
            .Add("details", closings.Select(one => one.Closing.Detail).ToArray())
            .Add("have_plans", closings.Select(one => one.Closing.HasPlan).ToArray())
            .Add("iteration_ids", closings.Select(one => one.Closing.IterationId).ToArray())
            .Add("misseds", closings.Select(one => one.Closing.Missed).ToArray())
            .Add("periods", closings.Select(one => one.Closing.Periods).ToArray());
}
