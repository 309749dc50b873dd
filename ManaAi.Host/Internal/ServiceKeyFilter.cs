using Microsoft.Extensions.Primitives;

namespace ManaAi.Host.Internal;

/// <summary>
/// Lets a request through that carries a service key: in X-Service-Key, or as a bearer, which is what Prometheus
/// can send. Set on a group, once.
/// </summary>
internal sealed class ServiceKeyFilter(ServiceKeys keys) : IEndpointFilter
{
    public const string HeaderName = "X-Service-Key";

    private const string BearerPrefix = "Bearer ";

    public ValueTask<object?> InvokeAsync(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        var key = KeyOf(context.HttpContext.Request.Headers);
        if (key is not null && keys.Accepts(key))
        {
            return next(context);
        }

        context.HttpContext.Response.Headers.WWWAuthenticate = "Bearer";
        return ValueTask.FromResult<object?>(
            TypedResults.Problem(
                statusCode: StatusCodes.Status401Unauthorized,
                detail: key is null
                    ? $"This needs a service key in the header {HeaderName}."
                    : $"The key in the header {HeaderName} is not one of this service's."
            )
        );
    }

    private static string? KeyOf(IHeaderDictionary headers)
    {
        if (headers.TryGetValue(HeaderName, out var sent))
        {
            return Single(sent);
        }

        var bearer = Single(headers.Authorization);
        return bearer?.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase) == true
            ? bearer[BearerPrefix.Length..]
            : null;
    }

    private static string? Single(StringValues sent) =>
        sent.Count == 1 && sent[0] is { Length: > 0 } value ? value : null;
}
