using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Primitives;

namespace ManaAi.Host.Dashboard.Session;

/// <summary>The dashboard's cookies. Only the session's says anything that matters, and no script can read it.</summary>
internal static class Cookies
{
    public const string Session = "mana-ai-ops";
    public const string Language = "mana-ai-ops-language";
    public const string Theme = "mana-ai-ops-theme";

    private static readonly TimeSpan ChoiceKept = TimeSpan.FromDays(365);

    /// <summary>Until the browser is closed, and at most as long as the session.</summary>
    public static void SetSession(HttpContext context, string token) =>
        context.Response.Cookies.Append(Session, token, Options(context));

    public static void ForgetSession(HttpContext context) =>
        context.Response.Cookies.Delete(Session, Options(context));

    public static void SetChoice(HttpContext context, string name, string value)
    {
        var options = Options(context);
        options.MaxAge = ChoiceKept;
        context.Response.Cookies.Append(name, value, options);
    }

    // Whoever forges the proxy's header only makes his own cookie stricter.
    [SuppressMessage(
        "Security",
        "S2092",
        Justification = "Over plain HTTP a secure cookie would never come back."
    )]
    private static CookieOptions Options(HttpContext context) =>
        new()
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = context.Request.IsHttps || IsHttpsBefore(context.Request.Headers["X-Forwarded-Proto"]),
            Path = DashboardEndpoints.Root,
        };

    private static bool IsHttpsBefore(StringValues scheme) =>
        scheme.ToString().StartsWith("https", StringComparison.OrdinalIgnoreCase);
}
