using System.Globalization;
using ManaAi.Actors.ChangeLog;

namespace ManaAi.Actors.Explanations;

/// <summary>How instants, spans and numbers read in an explanation.</summary>
internal static class WhyText
{
    public static string At(DateTimeOffset instant) => IsoText.Milliseconds(instant);

    /// <summary>The two greatest units: whoever reads it wants to know whether to wait or to go to bed.</summary>
    public static string Span(this WhyWords words, TimeSpan span)
    {
        var whole = span.Duration();
        return whole switch
        {
            { TotalMinutes: < 1 } => Line($"{Math.Ceiling(whole.TotalSeconds):0} s"),
            { TotalHours: < 1 } => Line($"{whole.Minutes} min"),
            { TotalDays: < 1 } => Line($"{whole.Hours} h {whole.Minutes} min"),
            _ => Line($"{whole.Days} {words.Pick("d", "T")} {whole.Hours} h"),
        };
    }

    public static string Plans(this WhyWords words, long count) =>
        words.Of($"{count} plan{(count == 1 ? "" : "s")}", $"{count:#,0} {(count == 1 ? "Plan" : "Pläne")}");

    public static string Calls(this WhyWords words, long count) =>
        words.Of(
            $"{count} call{(count == 1 ? "" : "s")}",
            $"{count:#,0} {(count == 1 ? "Aufruf" : "Aufrufe")}"
        );

    public static string Attempts(this WhyWords words, long count) =>
        words.Of(
            $"{count} attempt{(count == 1 ? "" : "s")}",
            $"{count:#,0} {(count == 1 ? "Versuch" : "Versuche")}"
        );

    /// <summary>"1 plan of its user is under way", "2 plans of its user are under way".</summary>
    /// <param name="whose">As it stands after `of`, and in German as a genitive.</param>
    public static string UnderWay(this WhyWords words, long plans, string whose) =>
        words.Of(
            $"{words.Plans(plans)} of {whose} {(plans == 1 ? "is" : "are")} under way",
            $"{words.Plans(plans)} {whose} {(plans == 1 ? "ist" : "sind")} unterwegs"
        );

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
