using ManaAi.Actors.Overviews;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Failures;

/// <summary>What failed, by cause, and the way to try it again.</summary>
internal static class FailuresEndpoint
{
    private const int RowsMax = 100;

    public static void MapFailures(this IEndpointRouteBuilder signedIn) =>
        signedIn.MapGet("/failures", GetAsync);

    internal static async Task<IResult> GetAsync(
        HttpContext context,
        [FromServices] Views views,
        CancellationToken cancellationToken
    )
    {
        var query = context.Request.Query;
        var page = PageContext.Of(context);
        var inputs = new Inputs();
        var window = inputs.Word("window", query.Text("window") ?? "day", "day", "week", "month");
        var reason = inputs.Text("reason", query.Text("reason"));
        if (inputs.Problem is { } problem)
        {
            return page.Show<FaultPage>(
                new Fault("fault.input.title", problem.ProblemDetails.Detail!) { IsForeign = true },
                StatusCodes.Status400BadRequest
            );
        }

        var causes = await views.Failures.ReadAsync(SpanOf(window!), cancellationToken);
        var runs = await views.Runs.ReadAsync(
            new RunFilter { Verdict = "failed", Reason = reason },
            RowsMax,
            cancellationToken
        );
        return page.Show<FailuresPage>(
            new FailuresModel(window!, reason, causes, [.. runs.Take(RowsMax)]) { Done = Done.Of(query) }
        );
    }

    private static TimeSpan SpanOf(string window) =>
        TimeSpan.FromDays(
            window switch
            {
                "day" => 1,
                "week" => 7,
                _ => 30,
            }
        );
}

/// <param name="Window">day, week or month.</param>
/// <param name="Reason">Only runs with this cause are listed; null: all.</param>
public sealed record FailuresModel(
    string Window,
    string? Reason,
    IReadOnlyList<FailureCause> Causes,
    IReadOnlyList<LedgerRun> Runs
)
{
    public Done? Done { get; init; }
}
