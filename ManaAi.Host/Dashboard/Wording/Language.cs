using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace ManaAi.Host.Dashboard.Wording;

/// <summary>The languages that the dashboard speaks.</summary>
public enum Language
{
    English,
    German,
}

/// <summary>Which language a caller wants: his choice, else his browser's, else English.</summary>
internal static class Languages
{
    public static string CodeOf(Language language) => language is Language.German ? "de" : "en";

    public static Language? Parse(string? code) =>
        code switch
        {
            "en" => Language.English,
            "de" => Language.German,
            _ => null,
        };

    public static Language Of(string? chosen, StringValues acceptLanguage) =>
        Parse(chosen) ?? Preferred(acceptLanguage.ToString()) ?? Language.English;

    /// <summary>The first of the languages that we speak, by their weights: `de-AT, en;q=0.8`.</summary>
    private static Language? Preferred(string header) =>
        header
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Take(20)
            .Select(part => part.Split(';', StringSplitOptions.TrimEntries))
            .Select(part =>
                (Language: Parse(part[0].Split('-')[0].ToLowerInvariant()), Weight: WeightOf(part))
            )
            .Where(wish => wish is { Language: not null, Weight: > 0 })
            .OrderByDescending(wish => wish.Weight)
            .Select(wish => wish.Language)
            .FirstOrDefault();

    private static double WeightOf(string[] part)
    {
        if (part.Length < 2 || !part[1].StartsWith("q=", StringComparison.Ordinal))
        {
            return 1;
        }

        var isNumber = double.TryParse(
            part[1].AsSpan(2),
            NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out var weight
        );
        return isNumber ? weight : 0;
    }
}
