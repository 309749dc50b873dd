using System.Globalization;

namespace ManaAi.Actors.Explanations;

/// <summary>
/// The language that an explanation is told in. Both sentences stand side by side wherever one is told, so that neither
/// changes without the other.
/// </summary>
public sealed class WhyWords
{
    private readonly IFormatProvider _numbers;

    private WhyWords(bool isGerman, IFormatProvider numbers) => (IsGerman, _numbers) = (isGerman, numbers);

    /// <summary>What endpoints and commands tell.</summary>
    public static WhyWords English { get; } = new(false, CultureInfo.InvariantCulture);

    public static WhyWords German { get; } =
        new(true, new NumberFormatInfo { NumberDecimalSeparator = ",", NumberGroupSeparator = "." });

    public bool IsGerman { get; }

    /// <summary>For sentences with gaps.</summary>
    public string Of(FormattableString english, FormattableString german) =>
        (IsGerman ? german : english).ToString(_numbers);

    /// <summary>For sentences without.</summary>
    public string Pick(string english, string german) => IsGerman ? german : english;

    internal string Fill(string text, params object[] gaps) => string.Format(_numbers, text, gaps);
}
