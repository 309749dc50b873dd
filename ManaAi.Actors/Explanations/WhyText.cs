using System.Globalization;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Explanations;

/// <summary>How instants, spans and numbers read in an explanation.</summary>
internal static class WhyText
{
    public static string At(DateTimeOffset instant) => IsoText.Milliseconds(instant);

    /// <summary>The two greatest units: whoever reads it wants to know whether to wait or to go to bed.</summary>
    public static string Span(TimeSpan span)
    {
        var whole = span.Duration();
        return whole switch
        {
            { TotalMinutes: < 1 } => Line($"{Math.Ceiling(whole.TotalSeconds):0} s"),
            { TotalHours: < 1 } => Line($"{whole.Minutes} min"),
            { TotalDays: < 1 } => Line($"{whole.Hours} h {whole.Minutes} min"),
            _ => Line($"{whole.Days} d {whole.Hours} h"),
        };
    }

    public static string Count(long count, string one) => Line($"{count} {one}{(count == 1 ? "" : "s")}");

    /// <summary>"1 plan of its user is under way", "2 plans of its user are under way".</summary>
    public static string UnderWay(long plans, string whose) =>
        $"{Count(plans, "plan")} of {whose} {(plans == 1 ? "is" : "are")} under way";

    public static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
