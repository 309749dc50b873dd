namespace ManaAi.Host.Internal;

/// <summary>Headers that stand on every answer, whatever becomes of the request.</summary>
internal static class SecurityHeaders
{
    /// <summary>For everything that is no page.</summary>
    private static readonly HeaderPolicy Strictest = new(
        "default-src 'none'; frame-ancestors 'none'",
        "no-store"
    );

    public static void UseSecurityHeaders(this IApplicationBuilder app) =>
        app.Use(
            (context, next) =>
            {
                // When the answer starts and not now: an error clears what was set before it.
                context.Response.OnStarting(SetAsync, context);
                return next(context);
            }
        );

    private static Task SetAsync(object state)
    {
        var context = (HttpContext)state;
        var headers = context.Response.Headers;
        var policy = context.GetEndpoint()?.Metadata.GetMetadata<HeaderPolicy>() ?? Strictest;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = policy.ContentSecurity;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = policy.CacheControl;
        return Task.CompletedTask;
    }
}

/// <summary>What an endpoint's answers let a browser do, where it is more than nothing. Metadata of the endpoint.</summary>
internal sealed record HeaderPolicy(string ContentSecurity, string CacheControl);
