using System.ComponentModel;
using System.Globalization;
using ManaAi.Actors.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>What happened to runs: page by page, or as it comes.</summary>
internal static class EventEndpoints
{
    public const string EventExample = """
        {"id":90210,"at":"2026-03-02T08:00:01.2+00:00","kind":"claimed","userId":"user-1","missionId":"mission-1",
        "runId":4711,"dueAt":"2026-03-02T08:00:00+00:00","epoch":1,"node":"host-1a2b3c4d","detail":"attempt 1"}
        """;

    private const string List = "events";

    public static void MapEvents(this IEndpointRouteBuilder asked)
    {
        asked
            .MapGet("/events", GetEventsAsync)
            .WithName("GetEvents")
            .WithTags("Events")
            .WithSummary("What happened to runs, the newest first.")
            .WithExample($$"""{"events":[{{EventExample}}],"nextCursor":null}""")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        asked
            .MapGet("/events/stream", EventStream.StreamAsync)
            .WithName("StreamEvents")
            .WithTags("Events")
            .WithSummary(
                "The same as they come (server-sent events), from now on or from behind Last-Event-ID. The stream "
                    + "ends when the node stops; whoever comes back with Last-Event-ID goes on."
            )
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
    }

    internal static async Task<Results<Ok<EventPageView>, ProblemHttpResult>> GetEventsAsync(
        [AsParameters] EventQuery query,
        [FromServices] EventList events,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var filter = new EventFilter
        {
            UserId = inputs.Id("user", query.User),
            MissionId = inputs.Id("mission", query.Mission),
            Before = inputs.NumberCursor(List, query.Cursor),
        };
        var limit = inputs.Limit(query.Limit);
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        var found = await events.ReadAsync(filter, limit, cancellationToken);
        return TypedResults.Ok(
            new EventPageView(
                [.. found.Take(limit)],
                found.Count > limit
                    ? PageCursor.Write(List, found[limit - 1].Id.ToString(CultureInfo.InvariantCulture))
                    : null
            )
        );
    }
}

/// <summary>What may be asked of the list; what is absent is any.</summary>
internal readonly record struct EventQuery(
    [property: Description("Only events of this user.")] string? User,
    [property: Description("Only events of missions with this id.")] string? Mission,
    [property: Description("The nextCursor of the page before.")] string? Cursor,
    [property: Description("Rows of a page: 1 to 1000, 100 where it is absent.")] string? Limit
);

/// <param name="NextCursor">null on the last page.</param>
internal sealed record EventPageView(IReadOnlyList<RunEvent> Events, string? NextCursor);
