using System.Globalization;
using System.Text.RegularExpressions;

namespace ManaAi.Actors.Explanations;

/// <summary>
/// English sentences of which only the whole text is at hand, by their forms, and the same in German. What has none of
/// the forms, such as what a server said, stays as it is.
/// </summary>
public sealed class GermanForms
{
    private readonly IReadOnlyList<(Regex Pattern, string German)> _forms;

    /// <param name="forms">A pattern for the whole text, and the German with a gap for each of its groups: `{0}` as it
    /// stands, `{0:#,0}` as a number, `{0:whose}` for whose budget.</param>
    public GermanForms(params IEnumerable<(string Pattern, string German)> forms) =>
        _forms = [
            .. forms.Select(form =>
                (
                    new Regex(
                        $@"\A(?:{form.Pattern})\z",
                        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Singleline
                    ),
                    form.German
                )
            ),
        ];

    public string? German(string? text)
    {
        if (text is null)
        {
            return null;
        }

        foreach (var (pattern, german) in _forms)
        {
            if (pattern.Match(text) is { Success: true } match)
            {
                return WhyWords.German.Fill(
                    german,
                    [.. match.Groups.Values.Skip(1).Select(group => new Gap(group.Value))]
                );
            }
        }

        return text;
    }

    private sealed class Gap(string text) : IFormattable
    {
        public string ToString(string? format, IFormatProvider? formatProvider) =>
            format switch
            {
                "whose" => WhySkips.BudgetOf(text),
                not null
                    when long.TryParse(
                        text,
                        NumberStyles.None,
                        CultureInfo.InvariantCulture,
                        out var number
                    ) => number.ToString(format, formatProvider),
                _ => text,
            };
    }
}
