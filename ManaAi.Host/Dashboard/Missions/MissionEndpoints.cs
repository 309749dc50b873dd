using ManaAi.Actors.Database;
using ManaAi.Actors.Explanations;
using ManaAi.Actors.Missions;
using ManaAi.Actors.Planning;
using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Runs;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Missions;

/// <summary>One mission: why it is or is not running, its way, its record, and what may be asked of it.</summary>
internal static class MissionEndpoints
{
    public static void MapMissionPage(this IEndpointRouteBuilder signedIn)
    {
        signedIn.MapGet("/missions/{userId}/{missionId}", GetAsync);
        signedIn.MapPost("/missions/{userId}/{missionId}/run-now", RunNowAsync);
    }

    internal static async Task<IResult> GetAsync(
        string userId,
        string missionId,
        HttpContext context,
        [FromServices] Views views,
        [FromServices] DatabaseGate gate,
        [FromServices] WhyLimits limits,
        CancellationToken cancellationToken
    )
    {
        var page = PageContext.Of(context);
        var inputs = new Inputs();
        var key = inputs.Key(userId, missionId);
        var shape = (await gate.EnterAsync(cancellationToken)).Access?.Shape;
        if (
            inputs.Problem is not null
            || await views.Mission.FindAsync(key, shape, cancellationToken) is not { } details
        )
        {
            return page.NotFound("fault.no-mission");
        }

        var facts = shape is null
            ? null
            : await views.Why.ReadAsync(key, shape.Generation, cancellationToken);
        return page.Show<MissionPage>(
            new MissionModel(details, MissionRecord.FieldsOf(details))
            {
                Why = facts is null ? null : Why.Explain(facts, limits, page.T.WhyWords),
                Pauses = facts?.Pauses ?? [],
                Schedule = MissionSchedule.Of(details, limits.Schedule, page.T),
                Path = await PathAsync(details, views, cancellationToken),
                Done = Done.Of(context.Request.Query),
            }
        );
    }

    internal static async Task<IResult> RunNowAsync(
        string userId,
        string missionId,
        [FromServices] RunRequests requests,
        [FromServices] PoolWake wake,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var key = inputs.Key(userId, missionId);
        var back = MissionPaths.Of(userId, missionId);
        if (inputs.Problem is not null)
        {
            return Pages.GoTo(back);
        }

        var result = await requests.RunNowAsync(key, cancellationToken);
        await wake.StartAsync(result, cancellationToken);
        return Pages.GoTo(RunAnswers.Of(result, "run-now").On(back));
    }

    /// <summary>The way of the run that is open, else of the last one.</summary>
    private static async Task<MissionPath?> PathAsync(
        MissionDetails details,
        Views views,
        CancellationToken cancellationToken
    )
    {
        var run = details.Runs.FirstOrDefault(one => one.Verdict is null);
        run ??= details.Runs is [var last, ..] ? last : null;
        return
            run is not null && await views.Runs.FindAsync(run.RunId, cancellationToken) is var (found, events)
            ? new MissionPath(found.Details, RunPath.Of(found.Details, events, details.Now))
            : null;
    }
}

public sealed record MissionModel(MissionDetails Details, IReadOnlyList<RecordField> Fields)
{
    /// <summary>null while the log cannot be read.</summary>
    public WhyAnswer? Why { get; init; }

    /// <summary>Those that it falls under, the widest first.</summary>
    public IReadOnlyList<PauseDetails> Pauses { get; init; } = [];

    public MissionSchedule? Schedule { get; init; }

    public MissionPath? Path { get; init; }

    public Done? Done { get; init; }

    /// <summary>Its own pause, which its own page can end.</summary>
    public PauseDetails? OwnPause => Pauses.FirstOrDefault(pause => pause.Scope.MissionId.Length > 0);
}

public sealed record MissionPath(RunDetails Run, RunPath Way);
