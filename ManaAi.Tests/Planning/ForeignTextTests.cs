using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public class ForeignTextTests
{
    public static TheoryData<string, string, string> Cleaned =>
        new()
        {
            { "newline and tab stay", "a\nb\tc", "a\nb\tc" },
            { "every newline becomes one kind", "a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne" },
            { "terminal escapes", "a\u001b[31mb\u009bc\u0007\u0000\u007f", "a[31mbc" },
            { "bidi controls", "a\u202eb\u2066c\u2069d\u200fe\u061cf", "abcdef" },
            { "what nobody sees", "a\u200bb\ufeffc\u2060d\u00ade", "abcde" },
            { "letters in tag characters", "a" + char.ConvertFromUtf32(0xE0041) + "b", "ab" },
            { "bytes in variation selectors", "a" + char.ConvertFromUtf32(0xE0101) + "b", "ab" },
            { "joiners stay", "👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم" },
            { "emoji and accents stay", "Grüße ❤\ufe0f 日本", "Grüße ❤\ufe0f 日本" },
        };

    [Theory]
    [MemberData(nameof(Cleaned))]
    public void Text_keeps_what_a_reader_sees(string name, string text, string expected) =>
        ForeignText.Clean(text).ShouldBe(expected, name);

    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character() =>
        ForeignText.Clean("a\ud800b\udc00").ShouldBe("a\ufffdb\ufffd");

    [Fact]
    public void A_cut_is_marked_and_never_splits_a_character()
    {
        ForeignText.Clip("abcdef", 6).ShouldBe("abcdef");
        ForeignText.Clip("abcdefg", 6).ShouldBe("abcdef" + ForeignText.CutMark);
        ForeignText.Clip("abcde😀", 6).ShouldBe("abcde" + ForeignText.CutMark);
        ForeignText.Clip("abcdef\u200b\u200b", 6).ShouldBe("abcdef");
        ForeignText.Line("a \n b  c", 4).ShouldBe("a b…");
    }

    [Fact]
    public void A_quotation_is_short_and_closes_itself()
    {
        ForeignText.Quote("say \"hi\"\n\u001bnow").ShouldBe("\"say 'hi' now\"");
        ForeignText.Quote(new string('x', 1_000)).Length.ShouldBe(63);
    }

    [Theory]
    [InlineData("no quotation", "no quotation")]
    [InlineData("names \"this\" and \"that\"", "names \"…\" and \"…\"")]
    [InlineData("names \"a half of it", "names ")]
    public void A_sentence_can_be_had_without_what_it_quotes(string sentence, string expected) =>
        ForeignText.WithoutQuotes(sentence).ShouldBe(expected);

    [Theory]
    [InlineData("", true)]
    [InlineData(" \n\t\u200b\u202e\u0000", true)]
    [InlineData("\u200d", true)]
    [InlineData("x", false)]
    [InlineData("…", false)]
    [InlineData("👍", false)]
    [InlineData("字", false)]
    public void Blank_is_what_shows_nothing(string text, bool isBlank) =>
        ForeignText.IsBlank(text).ShouldBe(isBlank);
}
