using ManaAi.Actors.Database;
using Npgsql;

namespace ManaAi.Host.Dashboard.Shell;

/// <summary>Says on a page what kept the database from answering; the overview does so by itself.</summary>
internal sealed class FaultFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        try
        {
            // As the endpoints under /internal: right after the start the schema may still have to be made.
            var gate = context.HttpContext.RequestServices.GetRequiredService<DatabaseGate>();
            if (!gate.IsOpen)
            {
                await gate.EnterAsync(context.HttpContext.RequestAborted);
            }

            return await next(context);
        }
        catch (Exception exception) when (exception.IsDatabaseFault())
        {
            var page = PageContext.Of(context.HttpContext);
            var isSlow = exception is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled };
            return page.Show<FaultPage>(
                new Fault(
                    isSlow ? "fault.slow.title" : "fault.database.title",
                    isSlow ? page.T["fault.slow.text"] : DatabaseFaults.Describe(exception)
                )
                {
                    IsForeign = !isSlow,
                },
                StatusCodes.Status503ServiceUnavailable
            );
        }
    }
}

/// <summary>Why there is nothing to see.</summary>
/// <param name="TitleKey">A key of the texts.</param>
public sealed record Fault(string TitleKey, string Text)
{
    /// <summary>The text is the service's own English, and not from the texts.</summary>
    public bool IsForeign { get; init; }
}

internal static class Faults
{
    public static IResult NotFound(this PageContext page, string textKey = "fault.not-found.text") =>
        page.Show<FaultPage>(
            new Fault("fault.not-found.title", page.T[textKey]),
            StatusCodes.Status404NotFound
        );
}
