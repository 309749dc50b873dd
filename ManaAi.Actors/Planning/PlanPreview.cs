using System.Text.Json;
using ManaAi.Actors.Agents;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;

namespace ManaAi.Actors.Planning;

/// <summary>When a prompt is written, and for which instant.</summary>
/// <param name="DueAt">
/// null where it tells nothing of the user's zone: an operator asked for the run, or the cadence is newer.
/// </param>
/// <param name="Now">The database's clock.</param>
public sealed record PromptMoment(LogGeneration Generation, DateTimeOffset? DueAt, DateTimeOffset Now);

/// <summary>What would be asked for a plan.</summary>
/// <param name="Request">As it would be sent first.</param>
/// <param name="PromptTokens">Estimated, rather too many than too few.</param>
/// <param name="AnswerTokens">What a budget reserves for the answer beside them.</param>
public sealed record PlanPreview(
    PlanMode Mode,
    LlmRequest Request,
    string PromptVersion,
    IReadOnlyList<Tool> Tools,
    long PromptTokens,
    long AnswerTokens
);

/// <summary>Shows what a mission's plan would be asked with. It only reads.</summary>
public sealed class PlanPreviews(MissionLookup missions, Preparer preparer, RunOptions runs)
{
    public async Task<PreviewResult> FindAsync(
        MissionKey key,
        LogGeneration generation,
        CancellationToken cancellationToken
    )
    {
        if (
            await missions.FindAsync(key, shape: null, cancellationToken)
            is not { IsDeleted: false, Record: { } record } details
        )
        {
            return new PreviewResult.NotFound();
        }

        if (details.Obstacle is { } obstacle)
        {
            return new PreviewResult.Refused($"The mission cannot be run here: {obstacle}.");
        }

        using var document = JsonDocument.Parse(record, RecordJson.Options);
        if (MissionReader.Read(key, document.RootElement) is not { } mission)
        {
            return new PreviewResult.Refused("The mission's record does not read as a mission.");
        }

        var agent = await FindAgentAsync(mission, cancellationToken);
        var open = details.Runs.FirstOrDefault(run => run.Verdict is null);
        var moment = new PromptMoment(
            generation,
            open is { Kind: "scheduled" } && !details.IsCadenceNewer ? open.DueAt : null,
            details.Now
        );
        return new PreviewResult.Found(
            details,
            preparer.Preview(mission, agent, moment),
            details.State == "active"
                ? SkipRule.Decide(mission, agent, runs.UnreviewedMax)?.Detail
                : "The mission is not active."
        );
    }

    private async Task<Agent?> FindAgentAsync(Mission mission, CancellationToken cancellationToken)
    {
        if (
            mission.AgentId is not { } id
            || await missions.FindAgentAsync(mission.Key.UserId, id, cancellationToken) is not { } record
        )
        {
            return null;
        }

        using var document = JsonDocument.Parse(record, RecordJson.Options);
        return AgentReader.Read(id, document.RootElement);
    }
}

/// <summary>What became of asking for a preview.</summary>
public abstract record PreviewResult
{
    private PreviewResult() { } // Closed: only the cases below can exist.

    /// <param name="WhyNot">Why a run would end unplanned all the same; null where it would be planned.</param>
    public sealed record Found(MissionDetails Mission, PlanPreview Preview, string? WhyNot) : PreviewResult;

    public sealed record NotFound : PreviewResult;

    public sealed record Refused(string Reason) : PreviewResult;
}
