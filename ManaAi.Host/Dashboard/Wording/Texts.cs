using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using ManaAi.Actors.Explanations;

namespace ManaAi.Host.Dashboard.Wording;

/// <summary>
/// All words of the dashboard in one language. They stand in one file for each language, beside this one; a test holds
/// the files against each other and against what pages ask for.
/// </summary>
public sealed class Texts
{
    private static readonly FrozenDictionary<Language, Texts> All = Enum.GetValues<Language>()
        .ToFrozenDictionary(language => language, language => new Texts(language));

    private readonly FrozenDictionary<string, string> _texts;

    private Texts(Language language)
    {
        Language = language;
        _texts = Load(language);
        Numbers =
            language is Language.German
                ? new NumberFormatInfo { NumberDecimalSeparator = ",", NumberGroupSeparator = "." }
                : new NumberFormatInfo { NumberDecimalSeparator = ".", NumberGroupSeparator = "," };
    }

    public Language Language { get; }

    /// <summary>The same language for explanations.</summary>
    public WhyWords WhyWords => Language is Language.German ? WhyWords.German : WhyWords.English;

    /// <summary>As HTML names it.</summary>
    public string Code => Languages.CodeOf(Language);

    public NumberFormatInfo Numbers { get; }

    public IEnumerable<string> Keys => _texts.Keys;

    public string this[string key] => _texts[key];

    public static Texts In(Language language) => All[language];

    /// <summary>A text with its gaps filled.</summary>
    public string Of(string key, params object?[] values) => string.Format(Numbers, _texts[key], values);

    /// <summary>A text whose form hangs on a number: `key.one` for one, else `key.many`; the number is its first gap.</summary>
    public string Count(string key, long count, params object?[] others) =>
        Of(count == 1 ? $"{key}.one" : $"{key}.many", [Number(count), .. others]);

    /// <summary>One of the service's own words, such as a verdict; one that is not known here stays as it is.</summary>
    public string Word(string group, string? word) =>
        word is null ? "" : _texts.GetValueOrDefault($"{group}.{word}", word);

    /// <summary>What the service wrote or says in English, in this language where it has a form that is known.</summary>
    public string Told(string? text) =>
        Language is Language.English
            ? text ?? ""
            : ServiceSentences.German(LedgerText.In(WhyWords, text)) ?? "";

    /// <summary>For the attribute `lang` around such a text: null where it is told in the page's language.</summary>
    public string? LanguageOf(string? text) =>
        Language is not Language.English && Told(text) == text ? Languages.CodeOf(Language.English) : null;

    public string Number(long number) => number.ToString("#,0", Numbers);

    public string Number(double number, int decimals) =>
        number.ToString(decimals == 0 ? "#,0" : $"#,0.{new string('0', decimals)}", Numbers);

    private static FrozenDictionary<string, string> Load(Language language)
    {
        var assembly = typeof(Texts).Assembly;
        using var stream = assembly.GetManifestResourceStream(
            $"ManaAi.Host.Dashboard.Wording.{Languages.CodeOf(language)}.json"
        )!;
        return JsonSerializer
            .Deserialize<Dictionary<string, string>>(stream)!
            .ToFrozenDictionary(StringComparer.Ordinal);
    }
}
