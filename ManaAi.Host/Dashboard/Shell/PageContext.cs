using ManaAi.Host.Dashboard.Session;
using ManaAi.Host.Dashboard.Wording;

namespace ManaAi.Host.Dashboard.Shell;

/// <summary>What every page knows of its reader: language, colours, session, and where he is.</summary>
public sealed record PageContext
{
    /// <summary>The name says it where it is used on every line of a page.</summary>
    public required Texts T { get; init; }

    /// <summary>auto, light or dark.</summary>
    public required string Theme { get; init; }

    /// <summary>Path and query, for coming back.</summary>
    public required string Here { get; init; }

    /// <summary>The database's clock, as well as this node knows it.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>null on the page for signing in.</summary>
    public OperatorSession? Session { get; init; }

    public string NodeId { get; init; } = "";

    public string Version { get; init; } = "";

    public string Path => Here.Split('?')[0];

    public static PageContext Of(HttpContext context) =>
        context.Features.Get<PageContext>()
        ?? throw new InvalidOperationException("the dashboard's filter comes first");
}
