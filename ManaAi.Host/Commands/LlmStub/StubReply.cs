using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Connections.Features;

namespace ManaAi.Host.Commands.LlmStub;

/// <summary>Sends an answer, well or badly.</summary>
internal sealed class StubReply(HttpContext context, StubBehaviour behaviour, TimeProvider time)
{
    public async Task SendAsync(Func<byte[]> answer, CancellationToken cancellationToken)
    {
        var startedAt = time.GetTimestamp();
        var body = behaviour.Status is { } status ? Error(status) : answer();
        // What the answer took to make is a part of the wait for it.
        var delay = TimeSpan.FromMilliseconds(behaviour.DelayMs) - time.GetElapsedTime(startedAt);
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, time, cancellationToken);
        }

        if (behaviour.Reset)
        {
            Reset();
            return;
        }

        if (behaviour.Hang == Hang.BeforeHeaders)
        {
            await ForEverAsync(cancellationToken);
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await SendBodyAsync(body, cancellationToken);
    }

    private async Task SendBodyAsync(byte[] body, CancellationToken cancellationToken)
    {
        switch (behaviour)
        {
            case { Hang: Hang.AfterHeaders }:
                await context.Response.Body.FlushAsync(cancellationToken);
                await ForEverAsync(cancellationToken);
                break;
            case { CutOff: true }:
                await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), cancellationToken);
                await context.Response.Body.FlushAsync(cancellationToken);
                context.Abort();
                break;
            case { DripMs: { } pause }:
                await DripAsync(body, TimeSpan.FromMilliseconds(pause), cancellationToken);
                break;
            default:
                // One write: head and body leave in one packet, and nobody waits for an acknowledgement.
                await context.Response.Body.WriteAsync(body, cancellationToken);
                break;
        }
    }

    private async Task DripAsync(byte[] body, TimeSpan pause, CancellationToken cancellationToken)
    {
        for (var at = 0; at < body.Length; at++)
        {
            await context.Response.Body.WriteAsync(body.AsMemory(at, 1), cancellationToken);
            await context.Response.Body.FlushAsync(cancellationToken);
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private byte[] Error(int status)
    {
        context.Response.StatusCode = status;
        if (behaviour.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = wait;
        }

        var message = string.Create(
            CultureInfo.InvariantCulture,
            $"the stand-in was told to answer {status}"
        );
        JsonNode detail = behaviour.Kind is { } kind
            ? new JsonObject { ["kind"] = kind, ["message"] = message }
            : message;
        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["detail"] = detail });
    }

    // A closed socket that lingers for no time sends RST; Abort alone would end politely.
    private void Reset()
    {
        context.Features.Get<IConnectionSocketFeature>()!.Socket.LingerState = new LingerOption(true, 0);
        context.Abort();
    }

    private Task ForEverAsync(CancellationToken cancellationToken) =>
        Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
}
