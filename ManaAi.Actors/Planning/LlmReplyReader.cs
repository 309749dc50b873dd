using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>What came back over the wire, before anybody made sense of it.</summary>
/// <param name="Body">Valid only while the reply is being read; the buffer is used again afterwards.</param>
public sealed record LlmReply(int Status, ReadOnlyMemory<byte> Body)
{
    public string? ContentType { get; init; }

    public string? RetryAfter { get; init; }

    /// <summary>The host of the header Location; its path may carry secrets.</summary>
    public string? RedirectHost { get; init; }
}

/// <summary>From a reply to its outcome. Total: there is no reply that makes it throw.</summary>
public static class LlmReplyReader
{
    /// <param name="key">Our own key, so that a server that repeats it does not put it in a log.</param>
    public static LlmOutcome Read(LlmReply reply, DateTimeOffset now, string? key = null)
    {
        ArgumentNullException.ThrowIfNull(reply);
        return reply.Status switch
        {
            >= 200 and < 300 => ReadAnswer(reply, key),
            >= 300 and < 400 => Redirected(reply, key),
            >= 400 and < 600 => ReadError(reply, now, key),
            _ => new LlmOutcome.Unavailable("bad-answer", $"status {reply.Status} means nothing here"),
        };
    }

    private static LlmOutcome ReadAnswer(LlmReply reply, string? key)
    {
        // The content type is not asked: servers get it wrong, and the body says more.
        using var document = TryParse(reply.Body);
        if (document is null)
        {
            return new LlmOutcome.Unavailable(
                "bad-answer",
                LlmReplyText.Detail($"{Shape(reply)} is no JSON", key)
            )
            {
                Brief = "no JSON",
            };
        }

        var (answer, fault) = LlmAnswerReader.Read(document.RootElement);
        return answer is null
            ? new LlmOutcome.Unavailable("bad-answer", LlmReplyText.Detail(fault!, key))
            {
                Brief = "no answer in it",
            }
            : new LlmOutcome.Answered(LlmReplyText.WithoutKey(answer, key));
    }

    // Followed, the key would go to whoever the server names.
    private static LlmOutcome.Unavailable Redirected(LlmReply reply, string? key) =>
        new(
            "redirect",
            LlmReplyText.Detail(
                $"{reply.Status} to {reply.RedirectHost ?? "nowhere"}; redirects are not followed",
                key
            )
        );

    private static LlmOutcome ReadError(LlmReply reply, DateTimeOffset now, string? key)
    {
        using var document = TryParse(reply.Body);
        var error = document is null ? LlmError.None : LlmError.Read(document.RootElement);
        var message = error.Message ?? $"{Shape(reply)} without a message";
        var detail = LlmReplyText.Detail($"{reply.Status}: {message}", key);

        // mana-llm wraps its provider's errors in a 502, so the kind is asked before the class of the status.
        return (reply.Status, error.Kind) switch
        {
            (429, _) or (_, "rate_limit") => new LlmOutcome.RateLimited(
                RetryAfter.Parse(reply.RetryAfter, now)
            ),
            // The answer was cut off, as where a server says so in an answer of its own: it is asked for once more.
            (_, "truncated") => new LlmOutcome.Answered(new LlmAnswer(null, [], "length", LlmUsage.None)),
            (401 or 403, _) or (_, "auth") => new LlmOutcome.Unauthorized(reply.Status, detail),
            (408 or 425 or >= 500, _) => new LlmOutcome.Unavailable("server-error", detail)
            {
                Brief = $"status {reply.Status}",
            },
            (_, "blocked" or "capability") => new LlmOutcome.Rejected(reply.Status, error.Kind, detail),
            _ => new LlmOutcome.Rejected(reply.Status, "unknown", detail),
        };
    }

    // Only its shape: the body of a page or a half answer can hold what a user wrote.
    private static string Shape(LlmReply reply) =>
        $"a body of {reply.Body.Length} bytes ({reply.ContentType ?? "no content type"})";

    private static JsonDocument? TryParse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(LlmReplyText.Readable(body));
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
