using ManaAi.Actors.Missions;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Pausing;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Missions;

/// <summary>Missions: a page of them, pausing many at once, and one of them.</summary>
internal static class MissionsEndpoint
{
    public static void MapMissionPages(this IEndpointRouteBuilder signedIn)
    {
        signedIn.MapGet("/missions", GetListAsync);
        signedIn.MapGet("/missions/pause", GetPreviewAsync);
        signedIn.MapPost("/missions/pause", PauseAsync);
        signedIn.MapMissionPage();
    }

    internal static async Task<IResult> GetListAsync(
        HttpContext context,
        [FromServices] Views views,
        CancellationToken cancellationToken
    )
    {
        var (page, asked) = (PageContext.Of(context), MissionQueryText.Of(context.Request.Query));
        var inputs = new Inputs();
        var filter = FilterOf(asked, inputs);
        var limit = inputs.Limit(asked.Limit);
        if (inputs.Problem is { } problem)
        {
            return page.Show<MissionsPage>(
                new MissionsModel(asked, []) { Fault = problem.ProblemDetails.Detail },
                StatusCodes.Status400BadRequest
            );
        }

        var found = await views.Missions.ReadAsync(filter, limit, cancellationToken);
        return page.Show<MissionsPage>(
            new MissionsModel(asked, [.. found.Take(limit)])
            {
                NextCursor =
                    found.Count > limit ? MissionListEndpoint.CursorOf(found[limit - 1], filter.IsDue) : null,
                Done = Done.Of(context.Request.Query),
            }
        );
    }

    internal static async Task<IResult> GetPreviewAsync(
        HttpContext context,
        [FromServices] Views views,
        CancellationToken cancellationToken
    )
    {
        var asked = MissionQueryText.Of(context.Request.Query) with { Cursor = null, Limit = null };
        return await PreviewAsync(context, views, asked, fault: null, cancellationToken);
    }

    internal static async Task<IResult> PauseAsync(
        HttpContext context,
        [FromServices] Views views,
        [FromServices] Pauses pauses,
        CancellationToken cancellationToken
    )
    {
        var form = context.Request.Form;
        var asked = MissionQueryText.Of(form);
        var inputs = new Inputs();
        var filter = FilterOf(asked, inputs);
        var wish = PauseWish.Of(form, inputs, PageContext.Of(context).Now);
        if (inputs.Problem is { } problem)
        {
            return await PreviewAsync(
                context,
                views,
                asked,
                problem.ProblemDetails.Detail,
                cancellationToken
            );
        }

        var found = await views.Missions.ReadAsync(filter, BulkMax, cancellationToken);
        // Whoever agreed to pausing seven is asked again where it would be eight.
        if (
            found.Count > BulkMax
            || found.Count.ToString(System.Globalization.CultureInfo.InvariantCulture) != form.Text("count")
        )
        {
            return await PreviewAsync(
                context,
                views,
                asked,
                PageContext.Of(context).T["bulk.changed"],
                cancellationToken
            );
        }

        await pauses.PauseManyAsync(
            [.. found.Select(mission => mission.Key)],
            wish.Reason,
            wish.Until,
            cancellationToken
        );
        return Pages.GoTo(new Done("paused-many", found.Count, null).On(asked.Path()));
    }

    /// <summary>What one look at the list can hold: more is for a pause of the user, or of the service.</summary>
    private const int BulkMax = Inputs.PageMax;

    private static async Task<IResult> PreviewAsync(
        HttpContext context,
        Views views,
        MissionQueryText asked,
        string? fault,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var filter = FilterOf(asked, inputs);
        var found = inputs.Problem is null
            ? await views.Missions.ReadAsync(filter, BulkMax, cancellationToken)
            : [];
        return PageContext
            .Of(context)
            .Show<BulkPausePage>(
                new BulkPauseModel(asked, [.. found.Take(BulkMax)])
                {
                    IsTooMany = found.Count > BulkMax,
                    Fault = fault ?? inputs.Problem?.ProblemDetails.Detail,
                },
                fault is null && inputs.Problem is null
                    ? StatusCodes.Status200OK
                    : StatusCodes.Status400BadRequest
            );
    }

    private static MissionFilter FilterOf(MissionQueryText asked, Inputs inputs)
    {
        inputs.Word("show", asked.Show, MissionQueryText.Shows);
        return MissionListEndpoint.FilterOf(asked.Asked, inputs);
    }
}

public sealed record MissionsModel(MissionQueryText Asked, IReadOnlyList<MissionSummary> Missions)
{
    public string? NextCursor { get; init; }

    /// <summary>What is wrong with what was asked, in the service's own English.</summary>
    public string? Fault { get; init; }

    public Done? Done { get; init; }
}

/// <param name="Missions">All that would be paused.</param>
public sealed record BulkPauseModel(MissionQueryText Asked, IReadOnlyList<MissionSummary> Missions)
{
    public bool IsTooMany { get; init; }

    public string? Fault { get; init; }
}
