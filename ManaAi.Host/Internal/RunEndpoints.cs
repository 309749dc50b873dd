using System.ComponentModel;
using System.Globalization;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>The run ledger: all runs, one run, and what operators ask of it.</summary>
internal static class RunEndpoints
{
    private const string List = "runs";
    internal const string CancelReason = "an operator cancelled it";

    public static void MapRuns(this IEndpointRouteBuilder asked)
    {
        asked
            .MapGet("/runs", GetRunsAsync)
            .WithName("GetRuns")
            .WithTags("Runs")
            .WithSummary("Runs, the newest first.")
            .WithExample($$"""{"runs":[{{RunExample}}],"nextCursor":"WyJydW5zIiwiNDcxMSJd"}""")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        asked
            .MapGet("/runs/{runId}", GetRunAsync)
            .WithName("GetRun")
            .WithTags("Runs")
            .WithSummary("One run, and what happened to it, oldest first.")
            .WithExample($$"""{"run":{{RunExample}},"events":[{{EventEndpoints.EventExample}}]}""")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);
        Ask(
            asked.MapPost("/missions/{userId}/{missionId}/run-now", RunNowAsync).WithName("RunMissionNow"),
            "Runs the mission now. Where a run of it is open already, that one has its turn first: isNew is false."
        );
        Ask(
            asked.MapPost("/runs/{runId}/retry", RetryAsync).WithName("RetryRun"),
            "Runs the mission of a failed run once more, at once."
        );
        Ask(
            asked
                .MapPost("/runs/{runId}/cancel", CancelAsync)
                .WithName("CancelRun")
                .Accepts<CancelBody>(isOptional: true, "application/json"),
            "Ends an open run unplanned, as skipped (cancelled). A call under way ends with its next renewal."
        );
    }

    private const string RunExample = """
        {"userId":"user-1","missionId":"mission-1","run":{"runId":4711,"dueAt":"2026-03-02T08:00:00+00:00",
        "kind":"scheduled","verdict":"planned","reason":null,"detail":null,"attempts":1,"calls":1,"missed":0,
        "waitsFor":null,"lastError":null,"claimableAt":"2026-03-02T08:00:01+00:00","owner":"host-1a2b3c4d",
        "claimedAt":"2026-03-02T08:00:01+00:00","closedAt":"2026-03-02T08:00:04+00:00","promptTokens":812,
        "completionTokens":204,"iterationId":"0a4f6f52-7d3d-5a57-8d0e-6d3b2f3c9a10","agentId":null,
        "model":"mana/reasoning","callsMs":2950,"periods":1,"openedAt":"2026-03-02T08:00:00.4+00:00",
        "leaseUntil":null,"retryOf":null}}
        """;

    private static void Ask(RouteHandlerBuilder route, string summary) =>
        route
            .WithTags("Runs")
            .WithSummary(summary)
            .WithExample("""{"runId":4712,"isNew":true}""")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);

    internal static async Task<Results<Ok<RunPageView>, ProblemHttpResult>> GetRunsAsync(
        [AsParameters] RunQuery query,
        [FromServices] RunList runs,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var state = inputs.Word(
            "state",
            query.State,
            "open",
            "planned",
            "empty",
            "failed",
            "skipped",
            "superseded"
        );
        var filter = new RunFilter
        {
            UserId = inputs.Id("user", query.User),
            MissionId = inputs.Id("mission", query.Mission),
            IsOpen = state is "open",
            Verdict = state is "open" ? null : state,
            Reason = inputs.Text("reason", query.Reason),
            Before = inputs.NumberCursor(List, query.Cursor),
        };
        var limit = inputs.Limit(query.Limit);
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        var found = await runs.ReadAsync(filter, limit, cancellationToken);
        return TypedResults.Ok(
            new RunPageView(
                [.. found.Take(limit).Select(LedgerRunView.Of)],
                found.Count > limit
                    ? PageCursor.Write(
                        List,
                        found[limit - 1].Details.RunId.ToString(CultureInfo.InvariantCulture)
                    )
                    : null
            )
        );
    }

    internal static async Task<Results<Ok<RunView>, ProblemHttpResult>> GetRunAsync(
        string runId,
        [FromServices] RunList runs,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var id = inputs.RunId(runId);
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        return await runs.FindAsync(id, cancellationToken) is var (run, events)
            ? TypedResults.Ok(new RunView(LedgerRunView.Of(run), events))
            : TypedResults.Problem(
                statusCode: StatusCodes.Status404NotFound,
                detail: "There is no run with this id."
            );
    }

    internal static async Task<Results<Ok<RunRequestView>, ProblemHttpResult>> RunNowAsync(
        string userId,
        string missionId,
        HttpRequest request,
        [FromServices] RunRequests requests,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var key = inputs.Key(userId, missionId);
        await JsonBody.ReadAsync(request, inputs, [], cancellationToken);
        return inputs.Problem is { } problem
            ? problem
            : await StartAsync(await requests.RunNowAsync(key, cancellationToken), wake, cancellationToken);
    }

    internal static async Task<Results<Ok<RunRequestView>, ProblemHttpResult>> RetryAsync(
        string runId,
        HttpRequest request,
        [FromServices] RunRequests requests,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var id = inputs.RunId(runId);
        await JsonBody.ReadAsync(request, inputs, [], cancellationToken);
        return inputs.Problem is { } problem
            ? problem
            : await StartAsync(await requests.RetryAsync(id, cancellationToken), wake, cancellationToken);
    }

    internal static async Task<Results<Ok<RunRequestView>, ProblemHttpResult>> CancelAsync(
        string runId,
        HttpRequest request,
        [FromServices] RunRequests requests,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var id = inputs.RunId(runId);
        var body = await JsonBody.ReadAsync(request, inputs, ["reason"], cancellationToken);
        var reason = inputs.Text("reason", body?["reason"]) ?? CancelReason;
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        var result = await requests.CancelAsync(id, reason, cancellationToken);
        wake.Nudge(); // Another of the same user's may have its turn.
        return Answer(result);
    }

    private static async Task<Results<Ok<RunRequestView>, ProblemHttpResult>> StartAsync(
        RunRequestResult result,
        PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        await wake.StartAsync(result, cancellationToken);
        return Answer(result);
    }

    private static Results<Ok<RunRequestView>, ProblemHttpResult> Answer(RunRequestResult result) =>
        result switch
        {
            RunRequestResult.Done done => TypedResults.Ok(new RunRequestView(done.RunId, done.IsNew)),
            RunRequestResult.NotFound notFound => TypedResults.Problem(
                statusCode: StatusCodes.Status404NotFound,
                detail: notFound.Reason
            ),
            RunRequestResult.Refused refused => TypedResults.Problem(
                statusCode: StatusCodes.Status409Conflict,
                detail: refused.Reason
            ),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
}

/// <summary>What may be asked of the list; what is absent is any.</summary>
internal readonly record struct RunQuery(
    [property: Description("Only runs of this user.")] string? User,
    [property: Description("Only runs of missions with this id.")] string? Mission,
    [property: Description("open, planned, empty, failed, skipped or superseded.")] string? State,
    [property: Description("Only failed or skipped runs with this reason, such as budget.")] string? Reason,
    [property: Description("The nextCursor of the page before.")] string? Cursor,
    [property: Description("Rows of a page: 1 to 1000, 100 where it is absent.")] string? Limit
);

/// <param name="NextCursor">null on the last page.</param>
internal sealed record RunPageView(IReadOnlyList<LedgerRunView> Runs, string? NextCursor);

internal sealed record LedgerRunView(string UserId, string MissionId, RunDetails Run)
{
    public static LedgerRunView Of(LedgerRun run) =>
        new(run.Mission.UserId.Value, run.Mission.MissionId.Value, run.Details);
}

/// <param name="Events">Oldest first.</param>
internal sealed record RunView(LedgerRunView Run, IReadOnlyList<RunEvent> Events);

/// <param name="IsNew">False: a run was open already, and has its turn first.</param>
internal sealed record RunRequestView(long RunId, bool IsNew);

/// <param name="Reason">For the ledger and whoever asks why.</param>
internal sealed record CancelBody(string? Reason);
