using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace ManaAi.Host.Dashboard.Shell;

/// <summary>A page as an answer: a component rendered on the server, whole, before the first byte is sent.</summary>
internal sealed class PageResult<TPage>(
    PageContext page,
    int status,
    IReadOnlyDictionary<string, object?> parameters
) : IResult
    where TPage : IComponent
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var services = httpContext.RequestServices;
        await using var renderer = new HtmlRenderer(services, services.GetRequiredService<ILoggerFactory>());
        var all = new Dictionary<string, object?>(parameters, StringComparer.Ordinal) { ["Page"] = page };
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var rendered = await renderer.RenderComponentAsync<TPage>(ParameterView.FromDictionary(all));
            return rendered.ToHtmlString();
        });
        var body = Encoding.UTF8.GetBytes(html);
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}

/// <summary>Pages by their component and what they show.</summary>
internal static class Pages
{
    public static IResult Show<TPage>(
        this PageContext page,
        object? model = null,
        int status = StatusCodes.Status200OK
    )
        where TPage : IComponent =>
        new PageResult<TPage>(
            page,
            status,
            model is null
                ? new Dictionary<string, object?>(StringComparer.Ordinal)
                : new Dictionary<string, object?>(StringComparer.Ordinal) { ["Model"] = model }
        );

    /// <summary>After a form: to a page that can be loaded again without doing it again.</summary>
    public static IResult GoTo(string path) => new SeeOther(path);

    private sealed class SeeOther(string path) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = path;
            return Task.CompletedTask;
        }
    }
}
