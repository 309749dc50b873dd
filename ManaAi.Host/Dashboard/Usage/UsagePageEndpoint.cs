using System.Globalization;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;
using ManaAi.Host.Settings;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Usage;

/// <summary>What calls have cost.</summary>
internal static class UsagePageEndpoint
{
    private static readonly string[] Words =
    [
        .. Counts.UsageDays.Select(days => days.ToString(CultureInfo.InvariantCulture)),
    ];

    public static void MapUsagePage(this IEndpointRouteBuilder signedIn) =>
        signedIn.MapGet("/usage", GetAsync);

    internal static async Task<IResult> GetAsync(
        HttpContext context,
        [FromServices] Counts counts,
        [FromServices] ServiceSettings settings,
        CancellationToken cancellationToken
    )
    {
        var page = PageContext.Of(context);
        var inputs = new Inputs();
        var days = inputs.Word("days", context.Request.Query.Text("days") ?? Words[0], Words);
        if (inputs.Problem is { } problem)
        {
            return page.Show<FaultPage>(
                new Fault("fault.input.title", problem.ProblemDetails.Detail!) { IsForeign = true },
                StatusCodes.Status400BadRequest
            );
        }

        var count = int.Parse(days!, CultureInfo.InvariantCulture);
        return page.Show<UsagePage>(
            new UsageModel(count, await counts.Usage(count).LookAsync(cancellationToken))
            {
                TokensPerDay = settings.Runs.TokensPerDay,
            }
        );
    }
}

/// <param name="Counted">null: it is being counted.</param>
public sealed record UsageModel(int Days, UsageCount? Counted)
{
    public long? TokensPerDay { get; init; }
}
