using ManaAi.Actors.Database;

namespace ManaAi.Host.Internal;

/// <summary>Answers 503 where the database is away or refuses, for all endpoints that ask it. Set on a group, once.</summary>
internal sealed class DatabaseFaultFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        try
        {
            // Right after the start nobody may have asked yet, and the schema may still have to be made. Where it cannot
            // be entered, what there is to tell is told all the same.
            var gate = context.HttpContext.RequestServices.GetRequiredService<DatabaseGate>();
            if (!gate.IsOpen)
            {
                await gate.EnterAsync(context.HttpContext.RequestAborted);
            }

            return await next(context);
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            return TypedResults.Problem(
                statusCode: StatusCodes.Status503ServiceUnavailable,
                detail: DatabaseFaults.Describe(exception)
            );
        }
    }
}
