using System.Globalization;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Pausing;

/// <summary>What operators have stopped, and how it goes on.</summary>
internal static class PausesEndpoint
{
    private const string Root = $"{DashboardEndpoints.Root}/pauses";

    // As many as one form can end.
    private const int ShownMax = 1000;

    public static void MapPausePages(this IEndpointRouteBuilder signedIn)
    {
        signedIn.MapGet("/pauses", GetAsync);
        signedIn.MapPost("/pauses", PauseAsync);
        signedIn.MapPost("/pauses/resume", ResumeAsync);
        signedIn.MapPost("/pauses/resume-missions", ResumeMissionsAsync);
    }

    internal static async Task<IResult> GetAsync(
        HttpContext context,
        [FromServices] Views views,
        CancellationToken cancellationToken
    ) => await ShowAsync(context, views, fault: null, cancellationToken);

    /// <summary>A mission, a user, or the whole service, as the form names it.</summary>
    internal static async Task<IResult> PauseAsync(
        HttpContext context,
        [FromServices] Views views,
        [FromServices] Pauses pauses,
        CancellationToken cancellationToken
    )
    {
        var form = context.Request.Form;
        var inputs = new Inputs();
        var scope = ScopeOf(form, inputs);
        var wish = PauseWish.Of(form, inputs, PageContext.Of(context).Now);
        if (inputs.Problem is { } problem)
        {
            return await ShowAsync(context, views, problem.ProblemDetails.Detail, cancellationToken);
        }

        var isPaused = await pauses.PauseAsync(scope, wish.Reason, wish.Until, cancellationToken);
        return Pages.GoTo(
            (isPaused ? new Done("paused", null, null) : new Done("refused", null, "nobody")).On(Back(form))
        );
    }

    internal static async Task<IResult> ResumeAsync(
        HttpContext context,
        [FromServices] Pauses pauses,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var form = context.Request.Form;
        var inputs = new Inputs();
        var scope = ScopeOf(form, inputs);
        var isResumed = inputs.Problem is null && await pauses.ResumeAsync(scope, cancellationToken);
        if (isResumed)
        {
            await wake.WakeAsync(cancellationToken);
        }

        return Pages.GoTo(
            (isResumed ? new Done("resumed", null, null) : new Done("refused", null, "not-paused")).On(
                Back(form)
            )
        );
    }

    /// <summary>All pauses of single missions that the page has shown.</summary>
    internal static async Task<IResult> ResumeMissionsAsync(
        HttpContext context,
        [FromServices] Views views,
        [FromServices] Pauses pauses,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var scopes = (await views.Pauses.ListAsync(cancellationToken))
            .Select(pause => pause.Scope)
            .Where(scope => scope.MissionId.Length > 0)
            .Take(ShownMax)
            .ToArray();
        if (scopes.Length.ToString(CultureInfo.InvariantCulture) != context.Request.Form.Text("count"))
        {
            return Pages.GoTo(new Done("refused", null, "changed").On(Root));
        }

        var resumed = await pauses.ResumeManyAsync(scopes, cancellationToken);
        await wake.WakeAsync(cancellationToken);
        return Pages.GoTo(new Done("resumed-many", resumed, null).On(Root));
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context,
        Views views,
        string? fault,
        CancellationToken cancellationToken
    )
    {
        var all = await views.Pauses.ListAsync(cancellationToken);
        return PageContext
            .Of(context)
            .Show<PausesPage>(
                new PausesModel([.. all.Take(ShownMax)], all.Count)
                {
                    Fault = fault,
                    Done = Done.Of(context.Request.Query),
                    User = context.Request.Query.Text("user"),
                },
                fault is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest
            );
    }

    private static PauseScope ScopeOf(IFormCollection form, Inputs inputs)
    {
        var (user, mission) = (
            inputs.Id("user", form.Text("user")),
            inputs.Id("mission", form.Text("mission"))
        );
        if (mission is not null && user is null)
        {
            inputs.Refuse<string>("user", "must be there where a mission is");
        }

        return new PauseScope(user ?? "", mission ?? "");
    }

    private static string Back(IFormCollection form) =>
        form.Text("back") is { } back ? Session.SignInEndpoints.Local(back) : Root;
}

/// <param name="Count">How many there are; not all are shown where they are too many.</param>
public sealed record PausesModel(IReadOnlyList<PauseDetails> Pauses, int Count)
{
    public string? Fault { get; init; }

    public Done? Done { get; init; }

    /// <summary>Whom the form for a new one names already.</summary>
    public string? User { get; init; }

    public int OfMissions => Pauses.Count(pause => pause.Scope.MissionId.Length > 0);
}
