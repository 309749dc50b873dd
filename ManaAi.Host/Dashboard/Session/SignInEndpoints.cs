using System.Globalization;
using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Dashboard.Wording;
using ManaAi.Host.Keys;
using Microsoft.AspNetCore.Mvc;

namespace ManaAi.Host.Dashboard.Session;

/// <summary>Signing in and out, and the choices of language and colours, which need no session.</summary>
internal static class SignInEndpoints
{
    private const string Path = "/sign-in";

    // A key has some dozens of characters; what is longer is not even hashed.
    private const int KeyCharactersMax = 1000;

    public static void MapSignIn(this IEndpointRouteBuilder open)
    {
        open.MapGet(Path, Show);
        open.MapPost(Path, SignInAsync);
        open.MapPost("/choices", ChooseAsync);
    }

    public static void MapSignOut(this IEndpointRouteBuilder signedIn) =>
        signedIn.MapPost("/sign-out", SignOut);

    public static string PathTo(string here) =>
        here == DashboardEndpoints.Root
            ? DashboardEndpoints.Root + Path
            : $"{DashboardEndpoints.Root}{Path}?to={Uri.EscapeDataString(here)}";

    internal static IResult Show(HttpContext context, string? to = null)
    {
        var page = PageContext.Of(context);
        return page.Session is null
            ? page.Show<SignInPage>(new SignIn(Local(to), Fault: null))
            : Pages.GoTo(Local(to));
    }

    internal static async Task<IResult> SignInAsync(
        HttpContext context,
        [FromServices] Sessions sessions,
        [FromServices] KeyGate gate,
        CancellationToken cancellationToken
    )
    {
        var page = PageContext.Of(context);
        if (await FormAsync(context, cancellationToken) is not { } form)
        {
            return Refuse(page, null, "sign-in.empty", StatusCodes.Status400BadRequest);
        }

        var (key, to) = (form["key"].ToString().Trim(), Local(form["to"].ToString()));
        if (key.Length is 0 or > KeyCharactersMax)
        {
            return Refuse(page, to, "sign-in.empty", StatusCodes.Status400BadRequest);
        }

        var judgement = gate.Judge(key, context.Connection.RemoteIpAddress);
        if (judgement == KeyJudgement.TooMany)
        {
            context.Response.Headers.RetryAfter = KeyGate.RetryAfter.TotalSeconds.ToString(
                CultureInfo.InvariantCulture
            );
            return Refuse(page, to, "sign-in.slow", StatusCodes.Status429TooManyRequests);
        }

        if (judgement != KeyJudgement.Accepted || sessions.Begin(key) is not { } token)
        {
            return Refuse(page, to, "sign-in.wrong", StatusCodes.Status401Unauthorized);
        }

        Cookies.SetSession(context, token);
        return Pages.GoTo(to);
    }

    internal static IResult SignOut(HttpContext context, [FromServices] Sessions sessions)
    {
        sessions.End(PageContext.Of(context).Session!);
        Cookies.ForgetSession(context);
        return Pages.GoTo(DashboardEndpoints.Root + Path);
    }

    internal static async Task<IResult> ChooseAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormAsync(context, cancellationToken);
        if (Languages.Parse(form?["language"].ToString()) is { } language)
        {
            Cookies.SetChoice(context, Cookies.Language, Languages.CodeOf(language));
        }

        if (form?["theme"].ToString() is "auto" or "light" or "dark")
        {
            Cookies.SetChoice(context, Cookies.Theme, form["theme"].ToString());
        }

        return Pages.GoTo(Local(form?["to"].ToString()));
    }

    /// <summary>A path of the dashboard, whatever was sent: nobody is led elsewhere from here.</summary>
    internal static string Local(string? path) =>
        path is not null
        && (
            path == DashboardEndpoints.Root
            || path.StartsWith($"{DashboardEndpoints.Root}/", StringComparison.Ordinal)
        )
        && path.All(character => character is > ' ' and < '\u007F' and not '\\')
        && !path.StartsWith(DashboardEndpoints.Root + Path, StringComparison.Ordinal)
            ? path
            : DashboardEndpoints.Root;

    /// <summary>null where there is no form that can be read, or where it comes from another site.</summary>
    private static async Task<IFormCollection?> FormAsync(
        HttpContext context,
        CancellationToken cancellationToken
    ) =>
        context.Request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin" or "none"
            ? await SentForm.ReadAsync(context, cancellationToken)
            : null;

    private static IResult Refuse(PageContext page, string? to, string fault, int status) =>
        page.Show<SignInPage>(new SignIn(to ?? DashboardEndpoints.Root, page.T[fault]), status);
}

/// <param name="To">Where to go afterwards.</param>
/// <param name="Fault">What was wrong with the last try.</param>
public sealed record SignIn(string To, string? Fault);
