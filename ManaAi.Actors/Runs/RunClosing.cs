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

    /// <summary>The parameters of the statement CloseRun.</summary>
    public void AddTo(NpgsqlParameterCollection parameters, RunReference run) =>
        parameters
            .Add("run", run.RunId)
            .Add("epoch", run.Epoch)
            .Add("node", run.Owner)
            .Add("verdict", Verdict)
            .Add("reason", Reason)
            .Add("detail", Detail)
            .Add("has_plan", HasPlan)
            .Add("iteration_id", IterationId)
            .Add("missed", Missed)
            .Add("periods", Periods);
}
