using System.Globalization;

namespace ManaAi.Host.Dashboard.Shell;

/// <summary>
/// What a form has done, carried in the address of the page that it leads to. Only words that the texts know are shown.
/// </summary>
/// <param name="What">A word of the group `done`.</param>
/// <param name="Count">How many, or which run.</param>
/// <param name="Fault">Why it was refused, as a word of the group `refused`.</param>
public sealed record Done(string What, long? Count, string? Fault)
{
    private static readonly string[] Words =
    [
        "run-now",
        "run-open",
        "paused",
        "paused-many",
        "resumed",
        "resumed-many",
        "cancelled",
        "retried",
        "retried-many",
        "refused",
    ];

    private static readonly string[] Faults =
    [
        "run-now",
        "retried",
        "cancelled",
        "nobody",
        "not-paused",
        "changed",
    ];

    public static Done? Of(IQueryCollection query)
    {
        var what = Array.Find(Words, word => word == query.Text("done"));
        var fault = Array.Find(Faults, word => word == query.Text("why"));
        return what is null || (what is "refused" && fault is null)
            ? null
            : new Done(what, NumberOf(query.Text("of")), fault);
    }

    private static long? NumberOf(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The address with this on it.</summary>
    public string On(string path) =>
        path
        + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?")
        + QueryText
            .Of(("done", What), ("of", Count?.ToString(CultureInfo.InvariantCulture)), ("why", Fault))
            .TrimStart('?');
}
