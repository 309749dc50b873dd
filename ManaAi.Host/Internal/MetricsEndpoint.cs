using System.Text;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Internal;

internal static class MetricsEndpoint
{
    public static RouteHandlerBuilder MapMetrics(this IEndpointRouteBuilder app) =>
        app.MapGet("/metrics", GetMetrics)
            .WithName("GetMetrics")
            .WithTags("Metrics")
            .WithSummary("Everything this node counts, in Prometheus' text format.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");

    // Bytes and not text: the framework would write the content type its own way.
    internal static IResult GetMetrics([FromServices] MetricsCollector collector) =>
        TypedResults.Bytes(
            Encoding.UTF8.GetBytes(PrometheusText.Write(collector.Read())),
            PrometheusText.ContentType
        );
}
