using System.Globalization;
using System.Net;
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

/// <summary>Asks a running node over HTTP, for the commands. It follows no redirect: the key is for this node.</summary>
internal sealed class NodeClient : IDisposable
{
    // A page of ours has some kilobytes; whatever else answers on this port is not read to its end.
    private const int AnswerBytesMax = 8 * 1024 * 1024;

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

    public async Task<NodeAnswer> SendAsync(
        HttpMethod method,
        string path,
        CancellationToken cancellationToken
    )
    {
        var address = new Uri($"{_settings.Url.ToString().TrimEnd('/')}{path}");
        using var request = new HttpRequestMessage(method, address);
        if (_settings.Key is { } key)
        {
            request.Headers.Add(ServiceKeyFilter.HeaderName, key.Reveal());
        }

        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            return await ReadAsync(response, address, cancellationToken);
        }
        catch (HttpRequestException)
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
            var status = (int)response.StatusCode;
            return response.IsSuccessStatusCode
                ? new NodeAnswer.Refused(
                    ExitCodes.Failed,
                    $"What answers at {address} is not a mana-ai node."
                )
                : new NodeAnswer.Refused(
                    ExitCodeOf(response.StatusCode),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The node answered {status}: {DetailOf(body) ?? "it did not say why."}"
                    )
                );
        }
    }

    private static async Task<JsonDocument?> ParseAsync(
        HttpResponseMessage response,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonDocument.ParseAsync(content, default, cancellationToken);
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
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCodes.Denied,
            HttpStatusCode.NotFound => ExitCodes.NotFound,
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
                ExitCodes.Unavailable,
            _ => ExitCodes.Failed,
        };
}
