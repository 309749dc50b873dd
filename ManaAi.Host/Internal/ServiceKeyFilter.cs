using System.Globalization;
using ManaAi.Host.Keys;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ManaAi.Host.Internal;

/// <summary>
/// Lets a request through that carries a service key: in X-Service-Key, or as a bearer, which is what Prometheus
/// can send. Set on a group, once.
/// </summary>
internal sealed class ServiceKeyFilter(KeyGate gate) : IEndpointFilter
{
    public const string HeaderName = "X-Service-Key";

    private const string BearerPrefix = "Bearer ";

    public ValueTask<object?> InvokeAsync(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        var http = context.HttpContext;
        var judgement = gate.Judge(KeyOf(http.Request.Headers), http.Connection.RemoteIpAddress);
        return judgement == KeyJudgement.Accepted
            ? next(context)
            : ValueTask.FromResult<object?>(Refuse(judgement, http.Response.Headers));
    }

    private static ProblemHttpResult Refuse(KeyJudgement judgement, IHeaderDictionary headers)
    {
        if (judgement == KeyJudgement.TooMany)
        {
            headers.RetryAfter = KeyGate.RetryAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            return TypedResults.Problem(
                statusCode: StatusCodes.Status429TooManyRequests,
                detail: "Too many wrong keys came from this address within a minute; a right one is answered at once."
            );
        }

        headers.WWWAuthenticate = "Bearer";
        return TypedResults.Problem(
            statusCode: StatusCodes.Status401Unauthorized,
            detail: judgement == KeyJudgement.Missing
                ? $"This needs a service key in the header {HeaderName}."
                : $"The key in the header {HeaderName} is not one of this service's."
        );
    }

    // Two of them are joined by a comma, which no key holds: they are no key.
    private static string? KeyOf(IHeaderDictionary headers)
    {
        if (headers.TryGetValue(HeaderName, out var sent))
        {
            return sent.ToString();
        }

        var bearer = headers.Authorization.ToString();
        return bearer.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)
            ? bearer[BearerPrefix.Length..]
            : null;
    }
}
