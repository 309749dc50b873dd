using ManaAi.Actors.Cluster;
using ManaAi.Actors.Ticking;
using ManaAi.Host.Settings;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

/// <summary>What this node is doing, on one page.</summary>
internal static class StatusEndpoint
{
    public static void MapStatus(this IEndpointRouteBuilder keyed) =>
        keyed
            .MapGet("/status", GetStatusAsync)
            .WithName("GetStatus")
            .WithTags("Status")
            .WithSummary("The node, its ticks, its readiness, its settings, and the sums of the run ledger.")
            .WithExample(
                """
                {"service":"mana-ai","version":"0.1.0","nodeId":"host-1a2b3c4d","startedAt":"2026-03-02T07:00:00+00:00",
                "tick":{"enabled":true,"state":"idle","lastTickAt":"2026-03-02T08:00:00.123+00:00","lastTickMs":14.2,
                "lastErrors":[]},"readiness":{"ready":true,"reasons":[],"degraded":[]},"openOccurrences":1,
                "verdicts":[{"verdict":"planned","reason":null,"count":41}],"llm":{"breaker":"closed","holds":[]},
                "settings":{"environment":"Production","dryRun":false},"nodes":[]}
                """
            );

    internal static async Task<Ok<StatusView>> GetStatusAsync(
        [AsParameters] StatusSources sources,
        CancellationToken cancellationToken
    )
    {
        var readiness = sources.Probe.AskAsync(cancellationToken);
        var ledger = sources.Reader.ReadAsync(cancellationToken);
        await Task.WhenAll(readiness, ledger);
        return TypedResults.Ok(
            new StatusView(
                ServiceIdentity.Name,
                sources.Identity.Version,
                sources.Reader.NodeId,
                sources.Identity.StartedAt,
                TickStatusView.Of(sources.Ticks.Status),
                ReadinessView.Of(await readiness),
                (await ledger)?.OpenOccurrences,
                (await ledger)?.Verdicts,
                (await ledger)?.Llm,
                SettingsView.Of(sources.Settings)
            )
            {
                Nodes = (await ledger)?.Nodes.Select(NodeView.Of).ToArray(),
            }
        );
    }
}

/// <summary>Where the page's parts come from.</summary>
internal readonly record struct StatusSources(
    [property: FromServices] ITickCoordinator Ticks,
    [property: FromServices] ReadinessProbe Probe,
    [property: FromServices] IStatusReader Reader,
    [property: FromServices] ServiceIdentity Identity,
    [property: FromServices] ServiceSettings Settings
);

/// <param name="OpenOccurrences">Null where the database cannot be asked.</param>
/// <param name="Verdicts">Null where the database cannot be asked.</param>
/// <param name="Llm">Null where the database cannot be asked.</param>
internal sealed record StatusView(
    string Service,
    string Version,
    string NodeId,
    DateTimeOffset StartedAt,
    TickStatusView Tick,
    ReadinessView Readiness,
    long? OpenOccurrences,
    IReadOnlyList<VerdictSum>? Verdicts,
    LlmStatusView? Llm,
    SettingsView Settings
)
{
    /// <summary>All nodes that the last week knew; null where the database cannot be asked.</summary>
    public IReadOnlyList<NodeView>? Nodes { get; init; }
}

/// <param name="State">alive or gone.</param>
/// <param name="Plans">Under way now.</param>
internal sealed record NodeView(
    string Id,
    string Version,
    string Address,
    string State,
    DateTimeOffset StartedAt,
    DateTimeOffset HeartbeatAt,
    int Plans,
    DateTimeOffset? GoneAt
)
{
    public static NodeView Of(NodeState node) =>
        new(
            node.Id,
            node.Version,
            node.Address,
            node.GoneAt is null ? "alive" : "gone",
            node.StartedAt,
            node.HeartbeatAt,
            node.Plans,
            node.GoneAt
        );
}

internal sealed record TickStatusView(
    bool Enabled,
    string State,
    DateTimeOffset? LastTickAt,
    double? LastTickMs,
    IReadOnlyList<string> LastErrors
)
{
    public static TickStatusView Of(TickStatus status) =>
        new(
            status.IsEnabled,
            status.State,
            status.LastTickAt,
            status.LastTickTook?.TotalMilliseconds,
            status.LastErrors
        );
}

/// <summary>The settings that explain what a node does. No key, no password.</summary>
internal sealed record SettingsView(
    string Environment,
    string Database,
    string LlmUrl,
    string? LlmModel,
    string PlannerMode,
    double TickIntervalMs,
    int MaxConcurrentPlans,
    int MaxConcurrentPlansPerUser,
    double RunLeaseMs,
    int RunMaxAttempts,
    bool AdvanceSchedule,
    string DefaultTimeZone,
    string MissedRuns,
    bool DryRun
)
{
    public static SettingsView Of(ServiceSettings settings) =>
        new(
            settings.IsDevelopment ? "Development" : "Production",
            settings.Database.Display,
            settings.Llm.Url.ToString(),
            settings.Llm.Model,
            Lower(settings.Llm.Mode),
            settings.Tick.Interval.TotalMilliseconds,
            settings.Runs.PlansMax,
            settings.Runs.PlansPerUserMax,
            settings.Runs.Lease.TotalMilliseconds,
            settings.Runs.AttemptsMax,
            settings.Schedule.IsAdvanced,
            settings.Schedule.DefaultTimeZone,
            Lower(settings.Schedule.MissedRuns),
            settings.IsDryRun
        );

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
