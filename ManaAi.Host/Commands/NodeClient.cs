using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ManaAi.Host.Internal;
using ManaAi.Host.Settings;

namespace ManaAi.Host.Commands;

/// <summary>How a node answered a command.</summary>
internal abstract record NodeAnswer
{
    private NodeAnswer() { } // Closed: only the cases below can exist.

    public sealed record Ok(JsonDocument Body) : NodeAnswer;

    /// <param name="Reason">One sentence for stderr.</param>
    public sealed record Refused(int ExitCode, string Reason) : NodeAnswer;
}

/// <summary>What a command asks of a node.</summary>
/// <param name="Path">Below the node's address, with its query.</param>
/// <param name="Body">JSON text.</param>
internal sealed record NodeRequest(HttpMethod Method, string Path, string? Body = null);

/// <summary>Asks a running node over HTTP, for the commands. It follows no redirect: the key is for this node.</summary>
internal sealed class NodeClient : IDisposable
{
    // A page of ours has some kilobytes, and a mission whose iterations fill a row, escaped for HTTP, some dozen
    // megabytes; whatever else answers on this port is not read to its end.
    private const int AnswerBytesMax = 64 * 1024 * 1024;

    private static readonly JsonDocumentOptions AnswerOptions = new()
    {
        MaxDepth = ServiceHost.AnswerDepthMax,
    };

    private readonly ClientSettings _settings;
    private readonly HttpClient _http;

    /// <param name="patience">For the whole answer; a tick may take as long as its plans, so it has no end.</param>
    public NodeClient(ClientSettings settings, TimeSpan patience)
    {
        _settings = settings;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
        };
        _http = new HttpClient(handler) { Timeout = patience, MaxResponseContentBufferSize = AnswerBytesMax };
    }

    public Task<NodeAnswer> SendAsync(NodeRequest request, CancellationToken cancellationToken) =>
        GuardAsync(
            async () =>
            {
                using var message = MessageOf(request);
                using var response = await _http.SendAsync(message, cancellationToken);
                return await ReadAsync(response, message.RequestUri!, cancellationToken);
            },
            cancellationToken
        );

    /// <summary>Reads a stream of events until it ends.</summary>
    /// <param name="take">Gets the data of each event.</param>
    /// <returns>How it ended; it never does so by itself with an answer.</returns>
    public async Task<NodeAnswer.Refused> FollowAsync(
        string path,
        Action<string> take,
        CancellationToken cancellationToken
    ) =>
        (NodeAnswer.Refused)
            await GuardAsync(
                async () =>
                {
                    using var message = MessageOf(new NodeRequest(HttpMethod.Get, path));
                    using var response = await _http.SendAsync(
                        message,
                        HttpCompletionOption.ResponseHeadersRead,
                        cancellationToken
                    );
                    if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
                    {
                        using var body = await ParseAsync(response, cancellationToken);
                        return Refuse(response, message.RequestUri!, body);
                    }

                    await TakeAsync(response, take, cancellationToken);
                    return new NodeAnswer.Refused(ExitCodes.Unavailable, "The node ended the stream.");
                },
                cancellationToken
            );

    private static async Task TakeAsync(
        HttpResponseMessage response,
        Action<string> take,
        CancellationToken cancellationToken
    )
    {
        const string data = "data: ";
        await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var lines = new StreamReader(content);
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith(data, StringComparison.Ordinal))
            {
                take(line[data.Length..]);
            }
        }
    }

    private HttpRequestMessage MessageOf(NodeRequest request)
    {
        var address = new Uri($"{_settings.Url.ToString().TrimEnd('/')}{request.Path}");
        var message = new HttpRequestMessage(request.Method, address);
        if (request.Body is { } body)
        {
            message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        if (_settings.Key is { } key)
        {
            message.Headers.Add(ServiceKeyFilter.HeaderName, key.Reveal());
        }

        return message;
    }

    private async Task<NodeAnswer> GuardAsync(Func<Task<NodeAnswer>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask();
        }
        catch (HttpRequestException exception)
            when (exception.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            return new NodeAnswer.Refused(
                ExitCodes.Failed,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"What answers at {_settings.Url} says more than {AnswerBytesMax >> 20} MiB, which is not read."
                )
            );
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new NodeAnswer.Refused(
                ExitCodes.Unavailable,
                $"No node answers at {_settings.Url}; is MANA_AI_URL right?"
            );
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new NodeAnswer.Refused(
                ExitCodes.Unavailable,
                $"The node at {_settings.Url} took too long to answer."
            );
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<NodeAnswer> ReadAsync(
        HttpResponseMessage response,
        Uri address,
        CancellationToken cancellationToken
    )
    {
        var body = await ParseAsync(response, cancellationToken);
        if (response.IsSuccessStatusCode && body is not null)
        {
            return new NodeAnswer.Ok(body);
        }

        using (body)
        {
            return Refuse(response, address, body);
        }
    }

    private static NodeAnswer.Refused Refuse(HttpResponseMessage response, Uri address, JsonDocument? body) =>
        response.IsSuccessStatusCode
            ? new NodeAnswer.Refused(ExitCodes.Failed, $"What answers at {address} is not a mana-ai node.")
            : new NodeAnswer.Refused(
                ExitCodeOf(response.StatusCode),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The node answered {(int)response.StatusCode}: {DetailOf(body) ?? "it did not say why."}"
                )
            );

    private static async Task<JsonDocument?> ParseAsync(
        HttpResponseMessage response,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonDocument.ParseAsync(content, AnswerOptions, cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? DetailOf(JsonDocument? problem) =>
        problem?.RootElement is { ValueKind: JsonValueKind.Object } root
        && root.TryGetProperty("detail", out var detail)
        && detail.ValueKind == JsonValueKind.String
            ? Printable.Text(detail.GetString()!)
            : null;

    private static int ExitCodeOf(HttpStatusCode status) =>
        status switch
        {
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => ExitCodes.Usage,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests =>
                ExitCodes.Denied,
            HttpStatusCode.NotFound => ExitCodes.NotFound,
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
                ExitCodes.Unavailable,
            _ => ExitCodes.Failed,
        };
}
