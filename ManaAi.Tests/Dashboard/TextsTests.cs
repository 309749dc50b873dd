using System.Text.RegularExpressions;
using ManaAi.Actors.Missions;
using ManaAi.Host.Dashboard.Wording;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Dashboard;

/// <summary>The two languages say the same, and pages ask for nothing that they do not say.</summary>
public sealed partial class TextsTests
{
    private static readonly Texts _english = Texts.In(Language.English);
    private static readonly Texts _german = Texts.In(Language.German);

    [Fact]
    public void Both_languages_have_the_same_texts_with_the_same_gaps()
    {
        _german.Keys.ShouldBe(_english.Keys, ignoreOrder: true);
        foreach (var key in _english.Keys)
        {
            _english[key].ShouldNotBeNullOrWhiteSpace(key);
            _german[key].ShouldNotBeNullOrWhiteSpace(key);
            Gaps(_german[key]).ShouldBe(Gaps(_english[key]), ignoreOrder: true, key);
        }
    }

    [Fact]
    public void Pages_ask_only_for_texts_that_there_are()
    {
        var asked = Pages()
            .SelectMany(page => Literal().Matches(page.Text).Select(match => match.Groups["key"].Value))
            .ToList();

        asked.Count.ShouldBeGreaterThan(150);
        asked.Where(key => !_english.Keys.Contains(key)).Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void Counts_have_a_form_for_one_and_one_for_many()
    {
        var counted = Pages()
            .SelectMany(page => Count().Matches(page.Text).Select(match => match.Groups["key"].Value));
        foreach (var key in counted)
        {
            _english.Keys.ShouldContain($"{key}.one");
            _english.Keys.ShouldContain($"{key}.many");
        }
    }

    [Fact]
    public void No_text_is_left_over()
    {
        var pages = string.Concat(Pages().Select(page => page.Text));
        _english
            .Keys.Where(key =>
                !pages.Contains($"\"{key}\"", StringComparison.Ordinal)
                && !pages.Contains($"\"{Stem(key)}\"", StringComparison.Ordinal)
                && !Groups().Any(group => key.StartsWith($"{group}.", StringComparison.Ordinal))
            )
            .ShouldBeEmpty("take it out of both languages");

        // What is put together on the page: `$"theme.{theme}"`, or a word of a group.
        IEnumerable<string> Groups() =>
            Composed()
                .Matches(pages)
                .Select(match => match.Groups["group"].Value)
                .Concat(Word().Matches(pages).Select(match => match.Groups["group"].Value))
                .Distinct();

        static string Stem(string key) => key[..Math.Max(0, key.LastIndexOf('.'))];
    }

    [Theory]
    [InlineData("state", "planned", "empty", "failed", "skipped", "superseded", "open", "claimed", "waits")]
    [InlineData("mission-state", "active", "paused", "done", "archived", "deleted")]
    [InlineData("breaker", "closed", "open", "half-open")]
    [InlineData(
        "event",
        "due",
        "asked-for",
        "claimed",
        "taken-over",
        "asked",
        "answered",
        "answer-refused",
        "waits",
        "handed-back",
        "reopened",
        "planned",
        "empty",
        "failed",
        "skipped",
        "superseded",
        "paused",
        "resumed"
    )]
    [InlineData(
        "obstacle",
        Obstacles.Incomplete,
        Obstacles.Ciphertext,
        Obstacles.NewerSchema,
        Obstacles.UnreadableNextRunAt
    )]
    public void Every_word_of_the_ledger_is_translated(string group, params string[] words)
    {
        foreach (var word in words)
        {
            _german.Word(group, word).ShouldNotBe(word, $"{group}.{word}");
        }
    }

    [Fact]
    public void Every_reason_of_the_README_is_translated()
    {
        var readme = Sources.Read("README.md");
        var reasons = Reason()
            .Matches(readme)
            .Select(match => match.Groups["reason"].Value)
            .Distinct()
            .ToList();

        reasons.Count.ShouldBeGreaterThan(8);
        reasons.Where(reason => !_german.Keys.Contains($"reason.{reason}")).ShouldBeEmpty();
    }

    [Fact]
    public void A_word_that_is_not_known_stays_as_it_is() =>
        _german.Word("state", "of-tomorrow").ShouldBe("of-tomorrow");

    [Fact]
    public void Numbers_and_spans_are_written_as_each_language_does()
    {
        _english.Number(1234567).ShouldBe("1,234,567");
        _german.Number(1234567).ShouldBe("1.234.567");
        _german.Number(1.25, 1).ShouldBe("1,3");
        _german.Span(TimeSpan.FromSeconds(4.2)).ShouldBe("4,2 s");
        _english.Span(TimeSpan.FromMinutes(200)).ShouldBe("3 h 20 min");
        _german.Span(TimeSpan.FromHours(52)).ShouldBe("2 T 4 h");
        var now = DateTimeOffset.UnixEpoch;
        _german.Ago(now.AddMinutes(-4), now).ShouldBe("vor 4 min");
        _english.Ago(now.AddMinutes(4), now).ShouldBe("in 4 min");
    }

    [Theory]
    [InlineData(null, "", Language.English)]
    [InlineData(null, "de", Language.German)]
    [InlineData(null, "de-AT,de;q=0.9,en;q=0.8", Language.German)]
    [InlineData(null, "fr, en;q=0.4, de;q=0.6", Language.German)]
    [InlineData(null, "de;q=0, en", Language.English)]
    [InlineData(null, "tlh;q=x,,;", Language.English)]
    [InlineData("en", "de", Language.English)]
    [InlineData("xx", "de", Language.German)]
    public void The_choice_counts_before_the_browsers_wish(
        string? chosen,
        string header,
        Language language
    ) => Languages.Of(chosen, header).ShouldBe(language);

    private static List<string> Gaps(string text) =>
        [.. Gap().Matches(text).Select(match => match.Value).Distinct()];

    private static IEnumerable<Source> Pages() =>
        Sources
            .All("*.razor", "*.cs")
            .Where(file => file.Path.StartsWith("ManaAi.Host/Dashboard/", StringComparison.Ordinal));

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Gap();

    [GeneratedRegex(@"\bT(\.Of\(|\[)(\w+ \? )?""(?<key>[a-z0-9.-]+)""")]
    private static partial Regex Literal();

    [GeneratedRegex(@"\bT\.Count\(\s*""(?<key>[a-z0-9.-]+)""")]
    private static partial Regex Count();

    [GeneratedRegex(@"\$""(?<group>[a-z0-9.-]+)\.\{")]
    private static partial Regex Composed();

    [GeneratedRegex(@"\bWord\(\s*""(?<group>[a-z0-9.-]+)""")]
    private static partial Regex Word();

    [GeneratedRegex(@"\| (failed|skipped) \| `(?<reason>[a-z-]+)`")]
    private static partial Regex Reason();
}
