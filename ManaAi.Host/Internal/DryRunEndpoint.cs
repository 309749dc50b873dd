using System.Text.Json;
using ManaAi.Actors.Database;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>What a run of a mission would ask, without running it.</summary>
internal static class DryRunEndpoint
{
    public static void MapDryRun(this IEndpointRouteBuilder asked) =>
        asked
            .MapGet("/missions/{userId}/{missionId}/dry-run", GetDryRunAsync)
            .WithName("GetDryRun")
            .WithTags("Missions")
            .WithSummary(
                "What run-now would ask: the request as it would be sent first, the tools, an estimate of tokens, and the "
                    + "next ten runs. It spends nothing and writes nothing."
            )
            .WithExample(
                """
                {"userId":"user-1","missionId":"mission-1","wouldRun":true,"whyNot":null,"mode":"json",
                "model":"gpt-4o-mini","temperature":0.3,"promptVersion":"3f9a1c2b",
                "messages":[{"role":"system","content":"You plan for a mission: ..."},
                {"role":"user","content":"The code of this message is 5d1f. ..."}],
                "tools":[{"name":"create_task","module":"todo","description":"Creates a task."}],
                "estimatedTokens":{"prompt":1480,"answer":2000},
                "request":{"model":"gpt-4o-mini","messages":[],"temperature":0.3,"stream":false},
                "schedule":{"cadence":"daily","zone":"Europe/Berlin","zoneReason":"The mission's timeZone is Europe/Berlin.",
                "nextRuns":["2026-03-03T08:00:00.000Z"],"never":null}}
                """
            )
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);

    internal static async Task<Results<Ok<DryRunView>, ProblemHttpResult>> GetDryRunAsync(
        string userId,
        string missionId,
        [AsParameters] DryRunSources sources,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var key = inputs.Key(userId, missionId);
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        var (access, reasons) = await sources.Gate.EnterAsync(cancellationToken);
        if (access is null)
        {
            return Problems.NotReady(reasons);
        }

        return await sources.Previews.FindAsync(key, access.Shape.Generation, cancellationToken) switch
        {
            PreviewResult.Found found => TypedResults.Ok(DryRunView.Of(found, sources.Schedule)),
            PreviewResult.Refused refused => TypedResults.Problem(
                statusCode: StatusCodes.Status409Conflict,
                detail: refused.Reason
            ),
            _ => await sources.Unknown.AnswerAsync(key, cancellationToken),
        };
    }
}

/// <summary>What the preview is made from.</summary>
internal readonly record struct DryRunSources(
    [property: FromServices] PlanPreviews Previews,
    [property: FromServices] DatabaseGate Gate,
    [property: FromServices] ScheduleOptions Schedule,
    [property: FromServices] UnknownMission Unknown
);

/// <param name="WouldRun">False: a run would end unplanned, for the reason in <paramref name="WhyNot"/>.</param>
/// <param name="Mode">json or tools.</param>
/// <param name="Messages">The prompt, as a model would read it.</param>
/// <param name="Request">The whole body as it would be sent first.</param>
internal sealed record DryRunView(
    string UserId,
    string MissionId,
    bool WouldRun,
    string? WhyNot,
    string Mode,
    string Model,
    double Temperature,
    string PromptVersion,
    IReadOnlyList<DryRunMessage> Messages,
    IReadOnlyList<DryRunTool> Tools,
    DryRunTokens EstimatedTokens,
    JsonElement Request,
    ScheduleView? Schedule
)
{
    public static DryRunView Of(PreviewResult.Found found, ScheduleOptions options)
    {
        var (details, preview) = (found.Mission, found.Preview);
        using var record = JsonDocument.Parse(details.Record!.Value, RecordJson.Options);
        using var request = JsonDocument.Parse(LlmRequestWriter.Write(preview.Request));
        return new(
            details.Key.UserId.Value,
            details.Key.MissionId.Value,
            found.WhyNot is null,
            found.WhyNot,
            preview.Mode == PlanMode.Json ? "json" : "tools",
            preview.Request.Model,
            preview.Request.Temperature,
            preview.PromptVersion,
            [
                .. preview.Request.Messages.Select(message => new DryRunMessage(
                    message.Role,
                    message.Content ?? ""
                )),
            ],
            [.. preview.Tools.Select(tool => new DryRunTool(tool.Name, tool.Module, tool.Description))],
            new DryRunTokens(preview.PromptTokens, preview.AnswerTokens),
            request.RootElement.Clone(),
            ScheduleView.Of(record.RootElement, details, options)
        );
    }
}

internal sealed record DryRunMessage(string Role, string Content);

internal sealed record DryRunTool(string Name, string Module, string Description);

/// <param name="Prompt">Rather too many than too few.</param>
/// <param name="Answer">What a budget reserves for it.</param>
internal sealed record DryRunTokens(long Prompt, long Answer);
