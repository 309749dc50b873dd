using ManaAi.Host.Dashboard.Shell;
using ManaAi.Host.Internal;

namespace ManaAi.Host.Dashboard.Pausing;

/// <summary>What a form asks of a pause.</summary>
/// <param name="Until">null: until someone resumes.</param>
internal sealed record PauseWish(string Reason, DateTimeOffset? Until)
{
    /// <summary>What is offered; none is until someone resumes.</summary>
    public static IReadOnlyList<int> Hours { get; } = [1, 4, 12, 24, 168];

    public static PauseWish Of(IFormCollection form, Inputs inputs, DateTimeOffset now)
    {
        var hours = inputs.Word(
            "hours",
            form.Text("hours"),
            [.. Hours.Select(one => one.ToString(System.Globalization.CultureInfo.InvariantCulture))]
        );
        var reason = inputs.Text("reason", inputs.Needed("reason", form.Text("reason")));
        return new PauseWish(
            reason ?? "",
            hours is null
                ? null
                : now.AddHours(int.Parse(hours, System.Globalization.CultureInfo.InvariantCulture))
        );
    }
}
