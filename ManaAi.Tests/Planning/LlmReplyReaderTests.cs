using System.Text;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public sealed class LlmReplyReaderTests
{
    private const string WithCalls = """
        {"choices":[{"message":{"content":"Grüße \ud83d\ude00","tool_calls":[{"id":"c","function":{"name":"a","arguments":"{}"}}]},
        "finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}
        """;

    [Theory]
    [InlineData("""{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}""", 7, 5)]
    [InlineData("""{"prompt_tokens":7,"completion_tokens":5}""", 7, 5)]
    [InlineData("""{"prompt_tokens":7,"completion_tokens":5,"total_tokens":90}""", 7, 83)] // Thinking.
    [InlineData("""{"total_tokens":12}""", 0, 12)]
    [InlineData("""{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}""", 0, 0)]
    [InlineData("""{"prompt_tokens":-7,"completion_tokens":-5}""", 0, 0)]
    [InlineData("""{"prompt_tokens":"7","completion_tokens":null}""", 0, 0)]
    [InlineData("""{"prompt_tokens":7.0,"completion_tokens":1e99}""", 7, 1_000_000_000)]
    [InlineData("null", 0, 0)]
    [InlineData("[]", 0, 0)]
    public void Usage_is_what_the_server_counted_and_never_absurd(string usage, long prompt, long completion)
    {
        var outcome = Read(200, LlmBench.Completion("""{"content":"a"}""", usage: usage));

        outcome.ShouldBeOfType<LlmOutcome.Answered>().Answer.Usage.ShouldBe(new LlmUsage(prompt, completion));
    }

    [Fact]
    public void Missing_usage_is_none() =>
        Read(200, """{"choices":[{"message":{"content":"a"}}]}""")
            .ShouldBeOfType<LlmOutcome.Answered>()
            .Answer.Usage.ShouldBe(LlmUsage.None);

    [Fact]
    public void A_detail_is_one_short_line_without_half_characters()
    {
        var message = string.Concat(Enumerable.Repeat("😀\\n\\u0000 ", 1000));

        var outcome = Read(500, $$"""{"detail":"{{message}}"}""").ShouldBeOfType<LlmOutcome.Unavailable>();

        outcome.Detail.Length.ShouldBeInRange(200, 203);
        outcome.Detail.ShouldNotContain('\n');
        outcome.Detail.ShouldNotContain('\0');
        outcome.Detail.EnumerateRunes().ShouldNotContain(Rune.ReplacementChar);
    }

    [Fact]
    public void A_key_is_hidden_before_the_line_is_cut()
    {
        var padding = new string('x', 190);

        var outcome = Read(500, $$"""{"detail":"{{padding}}{{LlmBench.Key}}"}""");

        outcome.ShouldBeOfType<LlmOutcome.Unavailable>().Detail.ShouldNotContain("sk-");
    }

    [Fact]
    public void An_answer_that_repeats_the_key_is_read_without_it()
    {
        var body = LlmBench.Completion(
            $$$"""
            {"content":"It is {{{LlmBench.Key}}}.","refusal":"{{{LlmBench.Key}}}","tool_calls":[{"id":"{{{LlmBench.Key}}}",
            "function":{"name":"{{{LlmBench.Key}}}","arguments":"{\"title\":\"{{{LlmBench.Key}}}\"}"}}]}
            """
        );

        var answer = Read(200, body).ShouldBeOfType<LlmOutcome.Answered>().Answer;

        answer.Content.ShouldBe("It is ***.");
        var call = answer.ToolCalls.ShouldHaveSingleItem();
        $"{answer.Refusal} {call.Id} {call.Name} {call.Arguments}".ShouldNotContain(LlmBench.Key);
    }

    [Fact]
    public void A_whole_pair_and_an_escaped_backslash_are_left_alone() =>
        LlmReplyText
            .WithoutLoneSurrogates("""["\ud83d\ude00", "\\ud83d", "\\\ud83d", "\ude00\ud83d", "\u00fc"]""")
            .ShouldBe("""["\ud83d\ude00", "\\ud83d", "\\\ufffd", "\ufffd\ufffd", "\u00fc"]""");

    [Fact]
    public void No_reply_makes_it_throw()
    {
        var dice = new Random(20_300_101);
        var whole = Encoding.UTF8.GetBytes(WithCalls);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = whole[..dice.Next(whole.Length + 1)];
            for (var flips = dice.Next(4); flips > 0 && bytes.Length > 0; flips--)
            {
                bytes[dice.Next(bytes.Length)] = (byte)dice.Next(256);
            }

            var reply = new LlmReply(dice.Next(3) == 0 ? dice.Next(100, 700) : 200, bytes)
            {
                RetryAfter = "Mon",
            };
            LlmReplyReader.Read(reply, DateTimeOffset.UnixEpoch, LlmBench.Key).ShouldNotBeNull();
        }
    }

    private static LlmOutcome Read(int status, string body) =>
        LlmReplyReader.Read(
            new LlmReply(status, Encoding.UTF8.GetBytes(body)),
            DateTimeOffset.UnixEpoch,
            LlmBench.Key
        );
}
