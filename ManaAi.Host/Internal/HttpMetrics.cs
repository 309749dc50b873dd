using ManaAi.Actors;
using Microsoft.AspNetCore.Diagnostics;

namespace ManaAi.Host.Internal;

/// <summary>Counts each request under its route and method; what callers invent becomes one label each.</summary>
internal sealed class HttpMetrics(RequestDelegate next, Metrics metrics, TimeProvider time)
{
    private const string UnmatchedPath = "unmatched";
    private const string OtherMethod = "OTHER";

    public async Task InvokeAsync(HttpContext context)
    {
        var startedAt = time.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            metrics.CountHttpRequest(
                MethodOf(context.Request.Method),
                PathOf(context),
                context.Response.StatusCode,
                time.GetElapsedTime(startedAt)
            );
        }
    }

    // After an exception the endpoint is gone from the context, and stands with the exception.
    private static string PathOf(HttpContext context)
    {
        var endpoint = context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        return (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? UnmatchedPath;
    }

    private static string MethodOf(string method) =>
        method is "GET" or "POST" or "PUT" or "PATCH" or "DELETE" or "HEAD" or "OPTIONS"
            ? method
            : OtherMethod;
}
