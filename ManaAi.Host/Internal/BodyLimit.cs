using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ManaAi.Host.Internal;

/// <summary>
/// Takes in a request's body before anyone looks at it. Kestrel bounds size and pace of what is read, and of nothing
/// else: an endpoint that has no use for a body would answer whoever sends one without end.
/// </summary>
internal static class BodyLimit
{
    /// <summary>No request of ours has more than a few lines; this only stops what is no request.</summary>
    public const int BytesMax = 64 * 1024;

    /// <summary>The largest takes 16 seconds at this pace, and who is slower is told 408: connections are bounded too.</summary>
    public static readonly MinDataRate PaceMin = new(
        bytesPerSecond: 4096,
        gracePeriod: TimeSpan.FromSeconds(5)
    );

    public static void UseBodyLimit(this IApplicationBuilder app) =>
        app.Use(
            async (context, next) =>
            {
                if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
                {
                    var body = new MemoryStream();
                    await context.Request.Body.CopyToAsync(body, context.RequestAborted);
                    body.Position = 0;
                    context.Request.Body = body;
                }

                await next(context);
            }
        );
}
