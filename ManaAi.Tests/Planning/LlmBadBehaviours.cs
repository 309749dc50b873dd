using System.IO.Compression;
using System.Text;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

/// <param name="Script">What the server does with the one request it gets.</param>
/// <param name="Expected">How <see cref="LlmBench.Tell"/> begins.</param>
/// <param name="Limits">With one short limit, which has to end it; null where the call ends by itself.</param>
/// <param name="IsHeavy">Moves megabytes: not for repeating a thousand times.</param>
internal sealed record LlmBadBehaviour(
    string Name,
    Func<LlmConversation, Task> Script,
    string Expected,
    LlmLimits? Limits = null,
    bool IsHeavy = false
);

/// <summary>Everything that a server was ever seen doing instead of answering.</summary>
internal static class LlmBadBehaviours
{
    private const string Good = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    private static readonly TimeSpan _dripPause = TimeSpan.FromMilliseconds(50);
    private static readonly string _answer = LlmBench.Saying("{}");

    // Made when they are sent: every run of tests begins with the names alone.
    private static readonly Lazy<byte[]> _huge = new(() =>
        Encoding.UTF8.GetBytes(LlmBench.Saying(new string('x', 10_000_000)))
    );
    private static readonly Lazy<byte[]> _gzipBomb = new(() => Gzip(new string(' ', 50_000_000)));
    private static readonly Lazy<byte[]> _deflateBomb = new(() => Zlib(new string(' ', 50_000_000)));

    public static IReadOnlyList<LlmBadBehaviour> All { get; } =
    [.. Silence(), .. Breaks(), .. Bodies(), .. Shapes(), .. Statuses()];

    private static IEnumerable<LlmBadBehaviour> Silence() =>
        [
            new(
                "hangs before the head",
                c => c.HangAsync(),
                "unavailable timeout: no first byte within 0.6 s",
                LlmBench.NoFirstByte
            ),
            new(
                "hangs within the head",
                c => Then(c.SendAsync("HTTP/1.1 200 OK\r\nContent-"), c.HangAsync),
                "unavailable timeout: no first byte",
                LlmBench.NoFirstByte
            ),
            new(
                "hangs after the head",
                c => Then(c.SendAsync(Good + "Content-Length: 100\r\n\r\n"), c.HangAsync),
                "unavailable timeout: silence for 0.6 s",
                LlmBench.NoSilence
            ),
            new(
                "hangs in the middle of the body",
                c => Then(c.SendAsync(Good + "Content-Length: 1000\r\n\r\n{\"choices\":["), c.HangAsync),
                "unavailable timeout: silence",
                LlmBench.NoSilence
            ),
            new(
                "hangs in the middle of a chunk",
                c => Then(c.SendAsync(Good + "Transfer-Encoding: chunked\r\n\r\n64\r\n{"), c.HangAsync),
                "unavailable timeout: silence",
                LlmBench.NoSilence
            ),
            new(
                "drips its head",
                c => c.DripAsync(Good + new string('x', 100), _dripPause),
                "unavailable timeout: no first byte",
                LlmBench.NoFirstByte
            ),
            new(
                "drips its body",
                c =>
                    Then(
                        c.SendAsync(Good + "Content-Length: 1000\r\n\r\n"),
                        () => c.DripAsync(new string(' ', 1000), _dripPause)
                    ),
                "unavailable timeout: no whole answer within 0.6 s",
                LlmBench.NoLength
            ),
            new(
                "drips chunks",
                c =>
                    Then(
                        c.SendAsync(Good + "Transfer-Encoding: chunked\r\n\r\n"),
                        () => c.DripAsync(Repeat("1\r\n \r\n", 100), TimeSpan.FromMilliseconds(10))
                    ),
                "unavailable timeout: no whole answer",
                LlmBench.NoLength
            ),
            new(
                "drips a body without a length",
                c => Then(c.SendAsync(Good + "\r\n"), () => c.DripAsync(new string(' ', 1000), _dripPause)),
                "unavailable timeout: no whole answer",
                LlmBench.NoLength
            ),
            new(
                "says 100 Continue for ever",
                c => c.DripAsync(Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000), TimeSpan.FromMilliseconds(1)),
                "unavailable timeout: no first byte",
                LlmBench.NoFirstByte
            ),
        ];

    private static IEnumerable<LlmBadBehaviour> Breaks() =>
        [
            new("closes without a word", _ => Task.CompletedTask, "unavailable transport"),
            new("resets before the head", c => Run(c.Reset), "unavailable transport"),
            new(
                "closes within the head",
                c => c.SendAsync("HTTP/1.1 200 OK\r\nContent-"),
                "unavailable transport"
            ),
            new(
                "closes within the body",
                c => c.SendAsync(Good + "Content-Length: 1000\r\n\r\n" + _answer),
                "unavailable transport"
            ),
            new(
                "resets within the body",
                c => Then(c.SendAsync(Good + "Content-Length: 1000\r\n\r\n{"), () => Run(c.Reset)),
                "unavailable transport"
            ),
            new(
                "closes between chunks",
                c => c.SendAsync(Good + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
                "unavailable transport"
            ),
            new(
                "sends a chunk whose size is no number",
                c => c.SendAsync(Good + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
                "unavailable transport"
            ),
            new(
                "sends a chunk that is longer than it says",
                c => c.SendAsync(Good + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n"),
                "unavailable transport"
            ),
            new(
                "sends a length that is no number",
                c => c.SendAsync(Good + "Content-Length: many\r\n\r\n" + _answer),
                "answered stop: {}"
            ),
            new(
                "sends a length that is too short",
                c => c.SendAsync(Good + "Content-Length: 10\r\n\r\n" + _answer),
                "unavailable bad-answer: a body of 10 bytes"
            ),
            new("speaks no HTTP", c => c.SendAsync("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "unavailable transport"),
            new(
                "sends a status that is no number",
                c => c.SendAsync("HTTP/1.1 OK fine\r\n\r\n"),
                "unavailable transport"
            ),
            new(
                "sends a head of 100 KiB",
                c => c.SendAsync(Good + "X-Long: " + new string('x', 100_000) + "\r\n\r\n"),
                "unavailable too-large"
            ),
            new(
                "sends ten thousand headers",
                c => c.SendAsync(Good + Repeat("X-More: of the same\r\n", 10_000) + "\r\n"),
                "unavailable too-large"
            ),
            new(
                "sends damaged gzip",
                c => c.AnswerAsync(Damaged(Gzip(_answer)), headers: "Content-Encoding: gzip\r\n"),
                "unavailable transport: the compressed answer is damaged"
            ),
            new(
                "says gzip and sends text",
                c => c.AnswerAsync(_answer, headers: "Content-Encoding: gzip\r\n"),
                "unavailable transport: the compressed answer is damaged"
            ),
        ];

    private static IEnumerable<LlmBadBehaviour> Bodies() =>
        [
            new(
                "answers 10 MB",
                c => c.AnswerAsync(_huge.Value),
                "unavailable too-large: more than 2097152 bytes",
                IsHeavy: true
            ),
            new(
                "chunks for ever",
                c =>
                    Then(
                        c.SendAsync(Good + "Transfer-Encoding: chunked\r\n\r\n"),
                        () => c.SendForEverAsync("4000\r\n" + new string(' ', 0x4000) + "\r\n")
                    ),
                "unavailable too-large",
                IsHeavy: true
            ),
            new(
                "sends without a length for ever",
                c => Then(c.SendAsync(Good + "\r\n"), () => c.SendForEverAsync(new string(' ', 0x4000))),
                "unavailable too-large",
                IsHeavy: true
            ),
            new(
                "sends a gzip bomb",
                c => c.AnswerAsync(_gzipBomb.Value, headers: "Content-Encoding: gzip\r\n"),
                "unavailable too-large",
                IsHeavy: true
            ),
            new(
                "sends a bomb in deflate",
                c => c.AnswerAsync(_deflateBomb.Value, headers: "Content-Encoding: deflate\r\n"),
                "unavailable too-large",
                IsHeavy: true
            ),
            new(
                "answers 204",
                c => c.SendAsync("HTTP/1.1 204 No Content\r\n\r\n"),
                "unavailable bad-answer: a body of 0 bytes"
            ),
            new("answers nothing", c => c.AnswerAsync(""), "unavailable bad-answer: a body of 0 bytes"),
            new(
                "answers a page",
                c =>
                    c.AnswerAsync(
                        "<html><body>Welcome</body></html>",
                        headers: "Content-Type: text/html\r\n"
                    ),
                "unavailable bad-answer: a body of 33 bytes (text/html) is no JSON"
            ),
            new("answers cut JSON", c => c.AnswerAsync(_answer[..^9]), "unavailable bad-answer"),
            new("answers two documents", c => c.AnswerAsync(_answer + _answer), "unavailable bad-answer"),
            new(
                "streams although it was not asked to",
                c =>
                    c.AnswerAsync(
                        "data: " + _answer + "\n\ndata: [DONE]\n\n",
                        headers: "Content-Type: text/event-stream\r\n"
                    ),
                "unavailable bad-answer"
            ),
            new(
                "nests a hundred thousand deep",
                c => c.AnswerAsync(new string('[', 100_000)),
                "unavailable bad-answer"
            ),
            new(
                "answers Brotli that nobody asked for",
                c => c.AnswerAsync([0x0b, 0x02, 0x80, 0x01], headers: "Content-Encoding: br\r\n"),
                "unavailable bad-answer"
            ),
            new(
                "sends invalid UTF-8",
                c => c.AnswerAsync(Replaced(LlmBench.Saying("Gr?n"), '?', 0xfc)),
                "answered stop: Gr\ufffdn"
            ),
            new(
                "cuts an emoji in two",
                c => c.AnswerAsync(LlmBench.Completion("""{"content":"ok \ud83d"}""")),
                "answered stop: ok \ufffd"
            ),
            new("begins with a byte order mark", c => c.AnswerAsync("\ufeff" + _answer), "answered stop: {}"),
            new(
                "calls its JSON text/plain",
                c => c.AnswerAsync(_answer, headers: "Content-Type: text/plain; charset=nonsense\r\n"),
                "answered stop: {}"
            ),
            new(
                "calls its JSON nothing that could be read",
                c => c.AnswerAsync(_answer, headers: "Content-Type: ;;;=\r\n"),
                "answered stop: {}"
            ),
            new(
                "speaks HTTP/1.0 without a length",
                c => c.SendAsync("HTTP/1.0 200 OK\r\n\r\n" + _answer),
                "answered stop: {}"
            ),
            new(
                "says 100 Continue once",
                c =>
                    c.SendAsync(
                        "HTTP/1.1 100 Continue\r\n\r\n"
                            + Good
                            + $"Content-Length: {_answer.Length}\r\n\r\n"
                            + _answer
                    ),
                "answered stop: {}"
            ),
            new(
                "compresses as it was offered",
                c => c.AnswerAsync(Gzip(_answer), headers: "Content-Encoding: gzip\r\n"),
                "answered stop: {}"
            ),
        ];

    private static IEnumerable<LlmBadBehaviour> Shapes() =>
        [
            Answers("null", "null", "unavailable bad-answer: no choices"),
            Answers("a list", "[]", "unavailable bad-answer: no choices"),
            Answers("no choices", "{}", "unavailable bad-answer: no choices"),
            Answers("empty choices", """{"choices":[]}""", "unavailable bad-answer: no choices"),
            Answers("choices that are null", """{"choices":null}""", "unavailable bad-answer: no choices"),
            Answers(
                "an error with status 200",
                """{"error":{"message":"model is loading"}}""",
                "unavailable bad-answer: no choices: model is loading"
            ),
            Answers(
                "a choice that is null",
                """{"choices":[null]}""",
                "unavailable bad-answer: choices[0] has no message"
            ),
            Answers(
                "a message that is text",
                """{"choices":[{"message":"hi"}]}""",
                "unavailable bad-answer: choices[0] has no message"
            ),
            Answers("null content", LlmBench.Completion("""{"content":null}"""), "answered stop: null"),
            Answers(
                "content filtered away",
                LlmBench.Completion("""{"content":null}""", "\"content_filter\""),
                "answered content_filter: null"
            ),
            Answers(
                "content that is a number",
                LlmBench.Completion("""{"content":42}"""),
                "answered stop: null"
            ),
            Answers(
                "content in parts",
                LlmBench.Completion(
                    """{"content":[{"type":"text","text":"a"},{"type":"image"},{"text":"b"}]}"""
                ),
                "answered stop: ab"
            ),
            Answers(
                "content that is an object",
                LlmBench.Completion("""{"content":{"steps":[]}}"""),
                """answered stop: {"steps":[]}"""
            ),
            Answers(
                "a refusal",
                LlmBench.Completion("""{"content":null,"refusal":"I will not"}"""),
                "answered stop: null refused: I will not"
            ),
            Answers(
                "no finish_reason",
                LlmBench.Completion("""{"content":"a"}""", "null"),
                "answered stop: a"
            ),
            Answers(
                "usage of the wrong types",
                LlmBench.Completion(
                    """{"content":"a"}""",
                    usage: """{"prompt_tokens":"x","completion_tokens":-1,"total_tokens":1e300}"""
                ),
                "answered stop: a"
            ),
            Answers(
                "duplicated ids of calls",
                Calls("""{"id":"c","function":{"name":"a","arguments":"{}"}}""", 3),
                "answered tool_calls: null [c a {}] [c_1_2 a {}] [c_2_2 a {}]"
            ),
            Answers(
                "calls without ids",
                Calls("""{"function":{"name":"a","arguments":"{}"}}""", 2),
                "answered tool_calls: null [call_0 a {}] [call_1 a {}]"
            ),
            Answers(
                "arguments that are no JSON",
                Calls("""{"id":"c","function":{"name":"a","arguments":"title=x"}}""", 1),
                "answered tool_calls: null [c a title=x]"
            ),
            Answers(
                "arguments that are an object",
                Calls("""{"id":"c","function":{"name":"a","arguments":{"b":1}}}""", 1),
                """answered tool_calls: null [c a {"b":1}]"""
            ),
            Answers("a call of nothing", Calls("{}", 1), "answered tool_calls: null [call_0 unnamed ]"),
            Answers(
                "calls that are no list",
                LlmBench.Completion("""{"content":"a","tool_calls":"none"}"""),
                "answered stop: a"
            ),
        ];

    private static IEnumerable<LlmBadBehaviour> Statuses() =>
        [
            Fails(
                "301 Moved Permanently",
                "",
                "unavailable redirect: 301 to elsewhere.example;",
                "Location: http://elsewhere.example/secret\r\n"
            ),
            Fails("307 Temporary Redirect", "", "unavailable redirect: 307 to nowhere;", "Location: /v2\r\n"),
            Fails("302 Found", "", "unavailable redirect: 302 to nowhere;", "Location: ht!tp:\u0001\r\n"),
            Fails(
                "400 Bad Request",
                """{"detail":"no such model"}""",
                "rejected 400 unknown: 400: no such model"
            ),
            Fails(
                "400 Bad Request",
                """{"detail":{"kind":"capability","message":"no tools"}}""",
                "rejected 400 capability: 400: no tools"
            ),
            Fails(
                "422 Unprocessable",
                """{"detail":{"kind":"blocked","message":"m"}}""",
                "rejected 422 blocked: 422: m"
            ),
            Fails(
                "422 Unprocessable",
                """{"detail":{"kind":"truncated","message":"m"}}""",
                "answered length: "
            ),
            Fails(
                "502 Bad Gateway",
                """{"detail":{"kind":"truncated","message":"m"}}""",
                "answered length: "
            ),
            Fails(
                "422 Unprocessable",
                """{"detail":{"kind":"new-fangled"}}""",
                "rejected 422 unknown: 422: a body of"
            ),
            Fails(
                "422 Unprocessable",
                """{"detail":[{"loc":["body"],"msg":"field required","input":"secret"}]}""",
                "rejected 422 unknown: 422: field required"
            ),
            Fails("404 Not Found", """{"detail":"Not Found"}""", "rejected 404 unknown: 404: Not Found"),
            Fails(
                "413 Too Large",
                "",
                "rejected 413 unknown: 413: a body of 0 bytes (no content type) without a message"
            ),
            Fails("401 Unauthorized", """{"detail":"bad key"}""", "unauthorized 401: 401: bad key"),
            Fails("403 Forbidden", "<html>no</html>", "unauthorized 403: 403: a body of 15 bytes"),
            Fails(
                "401 Unauthorized",
                $$"""{"detail":"your key {{LlmBench.Key}} is wrong"}""",
                "unauthorized 401: 401: your key *** is wrong"
            ),
            Fails(
                "500 Oops",
                """{"detail":"line one\n\u0007line two"}""",
                "unavailable server-error: 500: line one line two"
            ),
            Fails(
                "503 Unavailable",
                "<html>maintenance</html>",
                "unavailable server-error: 503: a body of 24 bytes"
            ),
            Fails(
                "502 Bad Gateway",
                """{"detail":{"kind":"unknown","message":"provider"}}""",
                "unavailable server-error: 502: provider"
            ),
            Fails(
                "502 Bad Gateway",
                """{"detail":{"kind":"rate_limit","message":"m"}}""",
                "rate-limited 9",
                "Retry-After: 9\r\n"
            ),
            Fails(
                "502 Bad Gateway",
                """{"detail":{"kind":"auth","message":"m"}}""",
                "unauthorized 502: 502: m"
            ),
            Fails("408 Request Timeout", "", "unavailable server-error: 408"),
            Fails("425 Too Early", "", "unavailable server-error: 425"),
            Fails("418 I'm a teapot", "{}", "rejected 418 unknown"),
            Fails("600 Beyond", "{}", "unavailable bad-answer: status 600"),
            Fails("429 Too Many", "", "rate-limited 30", "Retry-After: 30\r\n"),
            Fails("429 Too Many", "", "rate-limited 86400", "Retry-After: Fri, 31 Dec 2049 23:59:59 GMT\r\n"),
            Fails("429 Too Many", "", "rate-limited ", "Retry-After: soon\r\n"),
            Fails("429 Too Many", "", "rate-limited 5", "Retry-After: 5\r\nRetry-After: 900\r\n"),
            new(
                "429 whose body hangs",
                c =>
                    Then(
                        c.SendAsync("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 50\r\n\r\n{"),
                        c.HangAsync
                    ),
                "rate-limited 7",
                LlmBench.NoSilence
            ),
            new(
                "401 whose body breaks off",
                c => c.SendAsync("HTTP/1.1 401 No\r\nContent-Length: 50\r\n\r\n{"),
                "unauthorized 401"
            ),
            new(
                "503 with 10 MB",
                c => c.AnswerAsync(_huge.Value, "503 Busy"),
                "unavailable server-error: 503",
                IsHeavy: true
            ),
            new(
                "500 with a message of a megabyte",
                c => c.AnswerAsync($$"""{"detail":"{{new string('x', 60_000)}}"}""", "500 Oops"),
                "unavailable server-error: 500: xxx"
            ),
        ];

    private static LlmBadBehaviour Answers(string what, string body, string expected) =>
        new($"answers {what}", c => c.AnswerAsync(body), expected);

    private static LlmBadBehaviour Fails(string status, string body, string expected, string headers = "") =>
        new($"{status} {headers.Trim()} {body}", c => c.AnswerAsync(body, status, headers), expected);

    private static string Calls(string call, int count) =>
        LlmBench.Completion(
            $$"""{"content":null,"tool_calls":[{{string.Join(',', Enumerable.Repeat(call, count))}}]}""",
            "null"
        );

    private static async Task Then(Task first, Func<Task> second)
    {
        await first;
        await second();
    }

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private static byte[] Gzip(string text) =>
        Compress(text, stream => new GZipStream(stream, CompressionLevel.Optimal));

    private static byte[] Zlib(string text) =>
        Compress(text, stream => new ZLibStream(stream, CompressionLevel.Optimal));

    private static byte[] Compress(string text, Func<Stream, Stream> by)
    {
        using var compressed = new MemoryStream();
        using (var stream = by(compressed))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
        }

        return compressed.ToArray();
    }

    private static byte[] Damaged(byte[] bytes)
    {
        bytes.AsSpan(12, 8).Fill(0xff);
        return bytes;
    }

    private static byte[] Replaced(string text, char character, byte by) =>
        [.. text.Select(one => one == character ? by : (byte)one)];
}
