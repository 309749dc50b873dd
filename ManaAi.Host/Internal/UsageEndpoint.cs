using System.Globalization;
using ManaAi.Actors.Runs;
using ManaAi.Host.Settings;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>What calls have cost, beside the budgets that bound them.</summary>
internal static class UsageEndpoint
{
    private const int DaysDefault = 7;
    private const int DaysMax = 400;

    public static void MapUsage(this IEndpointRouteBuilder asked) =>
        asked
            .MapGet("/usage", GetUsageAsync)
            .WithName("GetUsage")
            .WithTags("Usage")
            .WithSummary(
                "Tokens used, by day, agent, user and model; the last 7 days unless `days` says otherwise."
            )
            .WithExample(
                """
                {"from":"2026-03-02T00:00:00+00:00","to":"2026-03-03T00:00:00+00:00",
                "total":{"day":null,"userId":null,"agentId":null,"model":null,"promptTokens":812,"completionTokens":204,
                "calls":1,"estimatedTokens":0,"tokens":1016},"lastDay":1016,"reserved":0,
                "budgets":{"perMissionPerDay":null,"perUserPerDay":null,"perDay":1000000},
                "byDay":[],"byUser":[],"byAgent":[],"byModel":[]}
                """
            )
            .ProducesProblem(StatusCodes.Status400BadRequest);

    /// <param name="days">How many days back, today included: 1 to 400.</param>
    internal static async Task<Results<Ok<UsageView>, ProblemHttpResult>> GetUsageAsync(
        [FromServices] UsageReader usage,
        [FromServices] ServiceSettings settings,
        [FromServices] TimeProvider time,
        CancellationToken cancellationToken,
        string? days = null
    )
    {
        var count = DaysDefault;
        if (
            days is not null
            && !(
                int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out count)
                && count is >= 1 and <= DaysMax
            )
        )
        {
            var inputs = new Inputs();
            inputs.Refuse<int>(nameof(days), $"must be a whole number from 1 to {DaysMax}");
            return inputs.Problem!;
        }

        var to = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
        var report = await usage.ReadAsync(to.AddDays(-count), to, cancellationToken);
        return TypedResults.Ok(UsageView.Of(report, settings.Runs));
    }
}

/// <param name="LastDay">Tokens used in the last 24 hours: what budgets are held against.</param>
/// <param name="Reserved">Tokens reserved for calls under way.</param>
internal sealed record UsageView(
    DateTimeOffset From,
    DateTimeOffset To,
    UsageRow Total,
    long LastDay,
    long Reserved,
    BudgetsView Budgets,
    IReadOnlyList<UsageRow> ByDay,
    IReadOnlyList<UsageRow> ByUser,
    IReadOnlyList<UsageRow> ByAgent,
    IReadOnlyList<UsageRow> ByModel
)
{
    public static UsageView Of(UsageReport report, RunSettings settings) =>
        new(
            report.From,
            report.To,
            report.Total,
            report.LastDay,
            report.Reserved,
            new BudgetsView(
                settings.TokensPerMissionPerDay,
                settings.TokensPerUserPerDay,
                settings.TokensPerDay
            ),
            report.ByDay,
            report.ByUser,
            report.ByAgent,
            report.ByModel
        );
}

/// <summary>This node's settings; null is no limit. An agent's own budget stands in its record.</summary>
internal sealed record BudgetsView(long? PerMissionPerDay, long? PerUserPerDay, long? PerDay);
