using ManaAi.Actors.ChangeLog;
using ManaAi.Actors.Database;
using ManaAi.Actors.Explanations;
using ManaAi.Actors.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>Why a mission is or is not running.</summary>
internal static class WhyEndpoint
{
    public static void MapWhy(this IEndpointRouteBuilder asked) =>
        asked
            .MapGet("/missions/{userId}/{missionId}/why", GetWhyAsync)
            .WithName("GetWhy")
            .WithTags("Missions")
            .WithSummary(
                "Why the mission is or is not running now, in sentences. The first line begins with `due`, `not due "
                    + "until` or `never due`."
            )
            .WithExample(
                """
                {"firstLine":"not due until 2026-03-03T08:00:00.000Z: its nextRunAt is ahead","due":"not-due",
                "at":"2026-03-03T08:00:00.000Z","sentences":["None of its runs has ended here yet.",
                "The next run is in 23 h 59 min.","After that it runs at 2026-03-04T08:00:00.000Z, by its cadence."],
                "now":"2026-03-02T08:00:10.123Z","nextRunAt":"2026-03-03T08:00:00.000Z","openRunId":null,
                "attempts":0,"attemptsMax":5,"userRunning":0,"userMax":2,"agentRunning":null,"agentMax":null,
                "unreviewed":0,"unreviewedMax":3,"budgets":[],"breaker":"closed","zone":"Europe/Berlin"}
                """
            )
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);

    internal static async Task<Results<Ok<WhyView>, ProblemHttpResult>> GetWhyAsync(
        string userId,
        string missionId,
        [FromServices] WhyReader reader,
        [FromServices] WhyLimits limits,
        [FromServices] DatabaseGate gate,
        [FromServices] UnknownMission unknown,
        CancellationToken cancellationToken
    )
    {
        var inputs = new Inputs();
        var key = inputs.Key(userId, missionId);
        if (inputs.Problem is { } problem)
        {
            return problem;
        }

        var (access, reasons) = await gate.EnterAsync(cancellationToken);
        if (access is null)
        {
            return Problems.NotReady(reasons);
        }

        return await reader.ReadAsync(key, access.Shape.Generation, cancellationToken) is { } facts
            ? TypedResults.Ok(WhyView.Of(facts, limits))
            : await unknown.AnswerAsync(key, cancellationToken);
    }
}

/// <param name="FirstLine">`due`, `not due until` or `never due`, the instant where there is one, and why.</param>
/// <param name="Due">due, not-due or never.</param>
/// <param name="At">The instant of the first line.</param>
/// <param name="Now">The database's clock; everything here is as of then.</param>
/// <param name="UserRunning">Plans of its user under way, over all nodes.</param>
/// <param name="Unreviewed">Its plans that no device has taken up.</param>
/// <param name="Breaker">closed, open or half-open.</param>
internal sealed record WhyView(
    string FirstLine,
    string Due,
    string? At,
    IReadOnlyList<string> Sentences,
    string Now,
    string? NextRunAt,
    long? OpenRunId,
    int Attempts,
    int AttemptsMax,
    long UserRunning,
    int UserMax,
    long? AgentRunning,
    int? AgentMax,
    int Unreviewed,
    int UnreviewedMax,
    IReadOnlyList<Spending> Budgets,
    string Breaker,
    string? Zone
)
{
    public static WhyView Of(WhyFacts facts, WhyLimits limits)
    {
        var answer = Why.Explain(facts, limits);
        return new(
            answer.FirstLine,
            answer.Due,
            answer.At is { } at ? IsoText.Milliseconds(at) : null,
            answer.Sentences,
            IsoText.Milliseconds(facts.Now),
            facts.NextRunAt is { } next ? IsoText.Milliseconds(next) : null,
            facts.Open?.RunId,
            facts.Open?.Attempts ?? 0,
            limits.Runs.AttemptsMax,
            facts.UserRunning,
            limits.Runs.ConcurrentPerUserMax,
            facts.Agent?.Running,
            facts.Agent?.ConcurrentMax,
            facts.Unreviewed,
            limits.Runs.UnreviewedMax,
            facts.Spendings,
            facts.Gate.BreakerWord,
            facts.Zone?.Zone.Id
        );
    }
}
