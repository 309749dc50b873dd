using ManaAi.Host.Internal;

namespace ManaAi.Host.Dashboard;

/// <summary>
/// What browsers may do with the dashboard: take its own style, script and pictures, talk to nobody else, and run nothing
/// that stands inside a page.
/// </summary>
internal static class DashboardHeaders
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    public static HeaderPolicy Pages { get; } = new(Policy, "no-store");

    /// <summary>Their names change with what they hold.</summary>
    public static HeaderPolicy Assets { get; } = new(Policy, "public, max-age=31536000, immutable");
}
