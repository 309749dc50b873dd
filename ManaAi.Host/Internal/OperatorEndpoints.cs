namespace ManaAi.Host.Internal;

/// <summary>The endpoints that ask the database on behalf of an operator: each answers 503 while it is away.</summary>
internal static class OperatorEndpoints
{
    public static void MapWhatTheDatabaseKnows(this IEndpointRouteBuilder keyed)
    {
        var asked = keyed
            .MapGroup("")
            .AddEndpointFilter<RouteGroupBuilder, DatabaseFaultFilter>()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        asked.MapMissions();
        asked.MapMission();
        asked.MapWhy();
        asked.MapDryRun();
        asked.MapRuns();
        asked.MapNodes();
        asked.MapEvents();
        asked.MapPauses();
        asked.MapUsage();
    }
}
