using ManaAi.Actors.Runs;
using ManaAi.Host.Dashboard.Overview;
using ManaAi.Host.Dashboard.Session;
using ManaAi.Host.Dashboard.Wording;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Dashboard.Shell;

/// <summary>Finds out who reads: his language, his colours, and whether he is signed in.</summary>
internal sealed class ReaderFilter(
    Sessions sessions,
    ServiceIdentity identity,
    NodeId node,
    RecentPulse pulse
) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        var request = context.HttpContext.Request;
        context.HttpContext.Features.Set(
            new PageContext
            {
                T = Texts.In(Languages.Of(request.Cookies[Cookies.Language], request.Headers.AcceptLanguage)),
                Theme = request.Cookies[Cookies.Theme] is "light" or "dark"
                    ? request.Cookies[Cookies.Theme]!
                    : "auto",
                Here = request.Path.ToUriComponent() + request.QueryString.ToUriComponent(),
                Now = pulse.Now,
                Session = sessions.Find(request.Cookies[Cookies.Session]),
                NodeId = node.Value,
                Version = identity.Version,
            }
        );
        return next(context);
    }
}
