using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>What operators have stopped: the whole service, a user, or one mission.</summary>
internal static class PauseEndpoints
{
    private const string Example = """
        {"userId":"user-1","missionId":null,"reason":"asked us to wait","pausedAt":"2026-03-02T08:00:00+00:00",
        "until":"2026-03-03T08:00:00+00:00"}
        """;

    public static void MapPauses(this IEndpointRouteBuilder asked)
    {
        asked
            .MapGet("/pauses", GetPausesAsync)
            .WithName("GetPauses")
            .WithTags("Pauses")
            .WithSummary("The pauses in force, that of the whole service first.")
            .WithExample($$"""{"pauses":[{{Example}}]}""");
        asked
            .MapPost("/pause", PauseAsync)
            .WithName("Pause")
            .WithTags("Pauses")
            .WithSummary(
                "Pauses the whole service, or what userId and missionId name. No node claims it from now on; what is "
                    + "under way goes on."
            )
            .Accepts<PauseBody>("application/json")
            .WithExample(
                Example,
                """{"userId":"user-1","reason":"asked us to wait","until":"2026-03-03T08:00:00Z"}"""
            )
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);
        asked
            .MapPost("/resume", ResumeAsync)
            .WithName("Resume")
            .WithTags("Pauses")
            .WithSummary("Ends the pause of the whole service, or of what userId and missionId name.")
            .Accepts<ResumeBody>(isOptional: true, "application/json")
            .WithExample("""{"userId":"user-1","missionId":null}""", """{"userId":"user-1"}""")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    internal static async Task<Ok<PausesView>> GetPausesAsync(
        [FromServices] Pauses pauses,
        CancellationToken cancellationToken
    ) =>
        TypedResults.Ok(
            new PausesView([.. (await pauses.ListAsync(cancellationToken)).Select(PauseView.Of)])
        );

    internal static async Task<Results<Ok<PauseView>, ProblemHttpResult>> PauseAsync(
        HttpRequest request,
        [FromServices] Pauses pauses,
        [FromServices] TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var body = await JsonBody.ReadAsync(
            request,
            inputs,
            ["userId", "missionId", "reason", "until"],
            cancellationToken
        );
        var scope = ScopeOf(body, inputs);
        var reason = inputs.Text("reason", inputs.Needed("reason", body?["reason"])) ?? "";
        var until = inputs.Instant("until", body?["until"], time.GetUtcNow());
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        if (!await pauses.PauseAsync(scope, reason, until, cancellationToken))
        {
            return NotFound("There is no such user or mission.");
        }

        var all = await pauses.ListAsync(cancellationToken);
        return all.FirstOrDefault(pause => pause.Scope == scope) is { } made
            ? TypedResults.Ok(PauseView.Of(made))
            : NotFound("The pause has ended already.");
    }

    internal static async Task<Results<Ok<ResumedView>, ProblemHttpResult>> ResumeAsync(
        HttpRequest request,
        [FromServices] Pauses pauses,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var body = await JsonBody.ReadAsync(request, inputs, ["userId", "missionId"], cancellationToken);
        var scope = ScopeOf(body, inputs);
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        if (!await pauses.ResumeAsync(scope, cancellationToken))
        {
            return NotFound("It is not paused.");
        }

        await wake.WakeAsync(cancellationToken);
        return TypedResults.Ok(new ResumedView(OrNull(scope.UserId), OrNull(scope.MissionId)));
    }

    internal static string? OrNull(string id) => id.Length == 0 ? null : id;

    private static PauseScope ScopeOf(JsonBody? body, Inputs inputs)
    {
        var (user, mission) = (
            inputs.Id("userId", body?["userId"]),
            inputs.Id("missionId", body?["missionId"])
        );
        if (mission is not null && user is null)
        {
            inputs.Refuse<string>("userId", "must be there where missionId is");
        }

        return new PauseScope(user ?? "", mission ?? "");
    }

    private static ProblemHttpResult NotFound(string detail) =>
        TypedResults.Problem(statusCode: StatusCodes.Status404NotFound, detail: detail);
}

/// <param name="UserId">Absent: the whole service.</param>
/// <param name="MissionId">Absent: all missions of the user.</param>
/// <param name="Reason">For whoever asks why.</param>
/// <param name="Until">An instant to come; absent: until someone resumes.</param>
internal sealed record PauseBody(string? UserId, string? MissionId, string Reason, string? Until);

/// <param name="UserId">Absent: the whole service.</param>
internal sealed record ResumeBody(string? UserId, string? MissionId);

internal sealed record ResumedView(string? UserId, string? MissionId);

internal sealed record PausesView(IReadOnlyList<PauseView> Pauses);

/// <param name="UserId">null: the whole service.</param>
/// <param name="MissionId">null: all missions of the user.</param>
/// <param name="Until">null: until someone resumes.</param>
internal sealed record PauseView(
    string? UserId,
    string? MissionId,
    string Reason,
    DateTimeOffset PausedAt,
    DateTimeOffset? Until
)
{
    public static PauseView Of(PauseDetails pause) =>
        new(
            PauseEndpoints.OrNull(pause.Scope.UserId),
            PauseEndpoints.OrNull(pause.Scope.MissionId),
            pause.Reason,
            pause.PausedAt,
            pause.Until
        );
}
