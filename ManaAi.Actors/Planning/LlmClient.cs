using System.Net;
using System.Net.Http.Headers;

namespace ManaAi.Actors.Planning;

/// <summary>
/// Calls an OpenAI-compatible server. Whatever the server does is an outcome; the only exception is the
/// caller's own cancellation. One call is one request: nothing is repeated here, since each may be paid for.
/// </summary>
/// <param name="baseUrl">May have a path and a trailing slash; <c>v1/chat/completions</c> comes after it.</param>
/// <param name="key">Asked before each call, so that a changed setting needs no new client.</param>
/// <param name="around">What stands between this client and its connections; the fault simulation does.</param>
public sealed class LlmClient(
    Uri baseUrl,
    Func<string?> key,
    LlmLimits limits,
    TimeProvider time,
    Func<HttpMessageHandler, HttpMessageHandler>? around = null
) : IDisposable
{
    private readonly Uri _address = AddressOf(baseUrl, "/v1/chat/completions");
    private readonly Uri _models = AddressOf(baseUrl, "/v1/models");

    // The invoker and no HttpClient: its timeout and its buffer would compete with our limits.
    private readonly HttpMessageInvoker _http = new(
        around?.Invoke(CreateHandler(limits)) ?? CreateHandler(limits)
    );

    /// <summary>Whom it calls.</summary>
    public Uri Address => _address;

    public async Task<LlmOutcome> CompleteAsync(LlmRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return (await SendAsync(() => PostOf(LlmRequestWriter.Write(request)), cancellationToken))!;
    }

    /// <summary>
    /// Whether the server is there and takes the key, by two requests that no model answers: its list of models, which
    /// some show to everyone, and a question without a message, which some look at before they look at the key.
    /// </summary>
    /// <returns>null: both are so. Rejected: it is there, and has not refused the key.</returns>
    public async Task<LlmOutcome?> ProbeAsync(CancellationToken cancellationToken)
    {
        var list = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, _models),
            cancellationToken,
            isListAsked: true
        );
        if (list is LlmOutcome.Unauthorized or LlmOutcome.Unavailable { Kind: not "server-error" })
        {
            return list;
        }

        var asked = await SendAsync(() => PostOf("{\"stream\":false}"u8.ToArray()), cancellationToken);
        return list is null && asked is not LlmOutcome.Unauthorized ? null : asked;
    }

    public void Dispose() => _http.Dispose();

    private static Uri AddressOf(Uri baseUrl, string path) =>
        new(baseUrl.GetLeftPart(UriPartial.Path).TrimEnd('/') + path);

    private async Task<LlmOutcome?> SendAsync(
        Func<HttpRequestMessage> request,
        CancellationToken cancellationToken,
        bool isListAsked = false
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var clock = new LlmCallClock(limits, time, cancellationToken);
        try
        {
            return await CallAsync(request(), isListAsked, clock);
        }
        catch (Exception exception) when (LlmTransportFault.Outcome(exception, clock) is { } outcome)
        {
            clock.ThrowIfCallerLeft();
            return outcome;
        }
    }

    /// <returns>null for a list of models: what stands in it does not matter.</returns>
    private async Task<LlmOutcome?> CallAsync(
        HttpRequestMessage request,
        bool isListAsked,
        LlmCallClock clock
    )
    {
        var bearer = key()?.Trim();
        using var message = WithKey(request, bearer);
        using var response = await _http.SendAsync(message, clock.Token);
        if (isListAsked && response.IsSuccessStatusCode)
        {
            return null;
        }

        using var buffer = new LlmReplyBuffer(
            response.IsSuccessStatusCode ? limits.ReplyBytesMax : limits.ErrorBytesMax
        );
        if (!await ReadBodyAsync(response, buffer, clock) && response.IsSuccessStatusCode)
        {
            return new LlmOutcome.Unavailable("too-large", $"more than {limits.ReplyBytesMax} bytes");
        }

        // A Retry-After that is a date is meant by the server's clock; ours may be wrong by hours.
        var now = response.Headers.Date ?? time.GetUtcNow();
        return LlmReplyReader.Read(CreateReply(response, buffer), now, bearer);
    }

    private HttpRequestMessage PostOf(ReadOnlyMemory<byte> json) =>
        new(HttpMethod.Post, _address)
        {
            Content = new ReadOnlyMemoryContent(json)
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };

    private static HttpRequestMessage WithKey(HttpRequestMessage message, string? bearer)
    {
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (Traces.CurrentCall is { } span)
        {
            message.Headers.Add("traceparent", span); // So that mana-llm can go on with it.
        }

        if (!string.IsNullOrEmpty(bearer))
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        }

        return message;
    }

    private static async Task<bool> ReadBodyAsync(
        HttpResponseMessage response,
        LlmReplyBuffer buffer,
        LlmCallClock clock
    )
    {
        try
        {
            clock.Heard(); // The head is there.
            await using var body = await response.Content.ReadAsStreamAsync(clock.Token);
            return await buffer.FillAsync(body, clock);
        }
        catch (Exception exception)
            when (!response.IsSuccessStatusCode && LlmTransportFault.Outcome(exception, clock) is not null)
        {
            // A 429 or a 401 stands, even where its explanation breaks off; the caller's cancellation does too.
            clock.ThrowIfCallerLeft();
            return false;
        }
    }

    private static LlmReply CreateReply(HttpResponseMessage response, LlmReplyBuffer buffer) =>
        new((int)response.StatusCode, buffer.Written)
        {
            ContentType = Header(response.Content.Headers, "Content-Type"),
            RetryAfter = Header(response.Headers, "Retry-After"),
            RedirectHost = response.Headers.Location is { IsAbsoluteUri: true } location
                ? location.Host
                : null,
        };

    // As it came: the typed headers drop what they cannot parse, and throw at some of it.
    private static string? Header(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static SocketsHttpHandler CreateHandler(LlmLimits limits) =>
        new()
        {
            ConnectTimeout = limits.Connect,
            MaxResponseHeadersLength = limits.HeaderKilobytesMax,
            // No Brotli: nobody gains from it here, and each format is one more parser for hostile bytes.
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            AllowAutoRedirect = false,
            UseCookies = false,
            // mana-llm is a neighbour. A proxy that the environment happens to name must not see its key.
            UseProxy = false,
            // Follows a DNS change within minutes.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            // Below the 5 seconds after which uvicorn hangs up: a request that crosses that costs an attempt,
            // a new connection costs a millisecond.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
            // Ours is the span that is sent: the handler's own would be one that nobody exports.
            ActivityHeadersPropagator = null,
            // A reply that we gave up is not read to its end for the sake of its connection.
            MaxResponseDrainSize = 0,
        };
}
