using ManaAi.Host.Dashboard.Shell;

namespace ManaAi.Host.Dashboard.Session;

/// <summary>
/// Lets signed-in operators through, and sends others to sign in and back. A form must carry its session's token:
/// what another site makes a browser send does not.
/// </summary>
internal sealed class SessionFilter : IEndpointFilter
{
    public const string FormField = "form";

    public async ValueTask<object?> InvokeAsync(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        var (http, page) = (context.HttpContext, PageContext.Of(context.HttpContext));
        if (page.Session is null)
        {
            return Refuse(http, page);
        }

        if (HttpMethods.IsPost(http.Request.Method) && !await HasTokenAsync(http, page.Session))
        {
            return page.Show<FaultPage>(
                new Fault("fault.form.title", page.T["fault.form.text"]),
                StatusCodes.Status400BadRequest
            );
        }

        return await next(context);
    }

    private static IResult Refuse(HttpContext http, PageContext page)
    {
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            return Pages.GoTo(SignInEndpoints.PathTo(DashboardEndpoints.Root));
        }

        // A link on another site comes without our cookie, although there may be one. This page asks again, as ours.
        return http.Request.Headers["Sec-Fetch-Site"] == "cross-site"
            ? page.Show<ComeInPage>()
            : Pages.GoTo(SignInEndpoints.PathTo(page.Here));
    }

    private static async Task<bool> HasTokenAsync(HttpContext http, OperatorSession session) =>
        await SentForm.ReadAsync(http, http.RequestAborted) is { } form
        && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
            System.Text.Encoding.UTF8.GetBytes(form[FormField].ToString()),
            System.Text.Encoding.UTF8.GetBytes(session.FormToken)
        );
}
