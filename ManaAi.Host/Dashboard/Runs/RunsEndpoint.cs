using System.Globalization;
using ManaAi.Actors.Overviews;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Runs;

/// <summary>Runs: those that are under way, those that have ended, and one of them.</summary>
internal static class RunsEndpoint
{
    private const string Root = $"{DashboardEndpoints.Root}/runs";
    private const string List = "runs";

    public static void MapRunPages(this IEndpointRouteBuilder signedIn)
    {
        signedIn.MapGet("/runs", GetListAsync);
        signedIn.MapGet("/runs/{runId}", GetAsync);
        signedIn.MapPost("/runs/{runId}/cancel", CancelAsync);
        signedIn.MapPost("/runs/{runId}/retry", RetryAsync);
    }

    internal static async Task<IResult> GetListAsync(
        HttpContext context,
        [FromServices] Views views,
        CancellationToken cancellationToken
    )
    {
        var (page, asked) = (PageContext.Of(context), RunQueryText.Of(context.Request.Query));
        var inputs = new Inputs();
        var filter = asked.FilterOf(inputs, inputs.NumberCursor(List, asked.Cursor));
        if (inputs.Problem is { } problem)
        {
            return page.Show<RunsPage>(
                new RunsModel(asked, []) { Fault = problem.ProblemDetails.Detail },
                StatusCodes.Status400BadRequest
            );
        }

        var found = await views.Runs.ReadAsync(filter, RunQueryText.RowsMax, cancellationToken);
        var shown = found.Take(RunQueryText.RowsMax).ToArray();
        var open = shown.Where(run => run.Details.Verdict is null).Select(run => run.Details.RunId).ToArray();
        var lasts = open.Length == 0 ? [] : await views.Events.LastOfAsync(open, cancellationToken);
        return page.Show<RunsPage>(
            new RunsModel(asked, shown)
            {
                LastEvents = lasts.ToDictionary(one => one.RunId!.Value),
                NextCursor =
                    found.Count > RunQueryText.RowsMax
                        ? PageCursor.Write(
                            List,
                            shown[^1].Details.RunId.ToString(CultureInfo.InvariantCulture)
                        )
                        : null,
                Done = Done.Of(context.Request.Query),
            }
        );
    }

    internal static async Task<IResult> GetAsync(
        string runId,
        HttpContext context,
        [FromServices] Views views,
        CancellationToken cancellationToken
    )
    {
        var page = PageContext.Of(context);
        var inputs = new Inputs();
        var id = inputs.RunId(runId);
        return
            inputs.Problem is null && await views.Runs.FindAsync(id, cancellationToken) is var (run, events)
            ? page.Show<RunPage>(
                new RunModel(run, RunPath.Of(run.Details, events, page.Now))
                {
                    Done = Done.Of(context.Request.Query),
                }
            )
            : page.NotFound("fault.no-run");
    }

    internal static async Task<IResult> CancelAsync(
        string runId,
        HttpContext context,
        [FromServices] RunRequests requests,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var id = inputs.RunId(runId);
        var reason = inputs.Text("reason", context.Request.Form.Text("reason")) ?? RunEndpoints.CancelReason;
        if (inputs.Problem is not null)
        {
            return Pages.GoTo(Root);
        }

        var done = RunAnswers.Of(await requests.CancelAsync(id, reason, cancellationToken), "cancelled");
        wake.Nudge();
        return Pages.GoTo(done.On(Back(context, runId)));
    }

    internal static async Task<IResult> RetryAsync(
        string runId,
        HttpContext context,
        [FromServices] RunRequests requests,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var id = inputs.RunId(runId);
        if (inputs.Problem is not null)
        {
            return Pages.GoTo(Root);
        }

        var result = await requests.RetryAsync(id, cancellationToken);
        await wake.StartAsync(result, cancellationToken);
        return Pages.GoTo(RunAnswers.Of(result, "retried").On(Back(context, runId)));
    }

    private static string Back(HttpContext context, string runId) =>
        context.Request.Form.Text("back") is { } back
            ? Session.SignInEndpoints.Local(back)
            : $"{Root}/{runId}";
}

public sealed record RunsModel(RunQueryText Asked, IReadOnlyList<LedgerRun> Runs)
{
    /// <summary>What happened last to those that are open.</summary>
    public IReadOnlyDictionary<long, RunEvent> LastEvents { get; init; } = new Dictionary<long, RunEvent>();

    public string? NextCursor { get; init; }

    public string? Fault { get; init; }

    public Done? Done { get; init; }
}

public sealed record RunModel(LedgerRun Run, RunPath Way)
{
    public Done? Done { get; init; }
}
