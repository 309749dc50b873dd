using System.ComponentModel;
using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Missions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>All missions, page by page.</summary>
internal static class MissionListEndpoint
{
    private const string ByKey = "missions";
    private const string ByDue = "due";

    public static void MapMissions(this IEndpointRouteBuilder asked) =>
        asked
            .MapGet("/missions", GetMissionsAsync)
            .WithName("GetMissions")
            .WithTags("Missions")
            .WithSummary("Missions by user and id, or with due=true those that wait longest first.")
            .WithExample(
                """
                {"missions":[{"userId":"user-1","missionId":"mission-1","state":"active","deleted":false,
                "nextRunAt":"2026-03-02T08:00:00.000Z","agentId":null,"obstacle":null,"runningUntil":null,
                "lastVerdict":"planned","lastReason":null,"lastClosedAt":"2026-03-01T08:00:04.210Z","openRunId":null,
                "claimed":false}],"nextCursor":null}
                """
            )
            .ProducesProblem(StatusCodes.Status400BadRequest);

    internal static async Task<Results<Ok<MissionPageView>, ProblemHttpResult>> GetMissionsAsync(
        [AsParameters] MissionQuery query,
        [FromServices] MissionList missions,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var filter = FilterOf(query, inputs);
        var limit = inputs.Limit(query.Limit);
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        var found = await missions.ReadAsync(filter, limit, cancellationToken);
        return TypedResults.Ok(
            new MissionPageView(
                [.. found.Take(limit).Select(MissionItemView.Of)],
                found.Count > limit ? CursorOf(found[limit - 1], filter.IsDue) : null
            )
        );
    }

    internal static MissionFilter FilterOf(MissionQuery query, Inputs inputs)
    {
        var state = inputs.Word("state", query.State, "active", "paused", "done", "archived", "deleted");
        var isDue = inputs.Flag("due", query.Due);
        if (isDue && state is not (null or "active"))
        {
            inputs.Refuse<string>("state", "must be active or left out where due is true");
        }

        return new MissionFilter
        {
            UserId = inputs.Id("user", query.User),
            AgentId = inputs.Id("agent", query.Agent),
            State = state is "deleted" ? null : state,
            IsDeleted = state is "deleted",
            IsDue = isDue,
            IsFailing = inputs.Flag("failing", query.Failing),
            After = isDue ? AfterDue(query.Cursor, inputs) : AfterKey(query.Cursor, inputs),
        };
    }

    private static MissionPlace? AfterKey(string? cursor, Inputs inputs) =>
        inputs.Cursor(ByKey, 2, cursor) is [var user, var mission]
            ? new MissionPlace(KeyOf(user, mission), null)
            : null;

    private static MissionPlace? AfterDue(string? cursor, Inputs inputs) =>
        inputs.Cursor(ByDue, 3, cursor) is [var at, var user, var mission]
            ? new MissionPlace(
                KeyOf(user, mission),
                IsoText.Parse(at)
                    ?? inputs.Refuse<DateTimeOffset>("cursor", "must be the nextCursor of an earlier page")
            )
            : null;

    // As a device wrote them: such ids cannot be asked for, and their pages go on all the same.
    private static MissionKey KeyOf(string user, string mission) =>
        new(new UserId(user), new MissionId(mission));

    internal static string CursorOf(MissionSummary last, bool isDue)
    {
        var (user, mission) = (last.Key.UserId.Value, last.Key.MissionId.Value);
        return isDue
            ? PageCursor.Write(ByDue, IsoText.Microseconds(last.NextRunAt!.Value), user, mission)
            : PageCursor.Write(ByKey, user, mission);
    }
}

/// <summary>What may be asked of the list; what is absent is any.</summary>
internal readonly record struct MissionQuery(
    [property: Description("Only missions of this user.")] string? User,
    [property: Description("active, paused, done, archived or deleted; deleted ones are left out otherwise.")]
        string? State,
    [property: Description("true: only those that are due, those that wait longest first.")] string? Due,
    [property: Description("true: only those whose last planned run failed.")] string? Failing,
    [property: Description("Only missions of the agent with this id.")] string? Agent,
    [property: Description("The nextCursor of the page before.")] string? Cursor,
    [property: Description("Rows of a page: 1 to 1000, 100 where it is absent.")] string? Limit
);

/// <param name="NextCursor">null on the last page.</param>
internal sealed record MissionPageView(IReadOnlyList<MissionItemView> Missions, string? NextCursor);

/// <param name="Obstacle">Why it is never due here: incomplete, ciphertext, newer-schema or unreadable-next-run-at.</param>
/// <param name="LastVerdict">How its last closed run ended.</param>
/// <param name="OpenRunId">The run that is under way or waits.</param>
/// <param name="Claimed">A node is planning it.</param>
internal sealed record MissionItemView(
    string UserId,
    string MissionId,
    string? State,
    bool Deleted,
    string? NextRunAt,
    string? AgentId,
    string? Obstacle,
    DateTimeOffset? RunningUntil,
    string? LastVerdict,
    string? LastReason,
    DateTimeOffset? LastClosedAt,
    long? OpenRunId,
    bool Claimed
)
{
    public static MissionItemView Of(MissionSummary mission) =>
        new(
            mission.Key.UserId.Value,
            mission.Key.MissionId.Value,
            mission.State,
            mission.IsDeleted,
            mission.NextRunAt is { } next ? IsoText.Milliseconds(next) : null,
            mission.AgentId,
            mission.Obstacle,
            mission.RunningUntil,
            mission.LastVerdict,
            mission.LastReason,
            mission.LastClosedAt,
            mission.OpenRunId,
            mission.IsClaimed
        );
}
