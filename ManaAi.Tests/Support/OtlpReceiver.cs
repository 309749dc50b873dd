using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ManaAi.Tests.Support;

/// <summary>A collector of traces: takes OTLP over real HTTP, as protobuf, and keeps what it was sent.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedSpan> _spans = [];
    private readonly ConcurrentQueue<string> _payloads = [];
    private readonly ConcurrentQueue<string?> _keys = [];

    private OtlpReceiver(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public IReadOnlyList<ReceivedSpan> Spans => [.. _spans];

    /// <summary>All bytes that came, as text: whoever looks for a word finds it wherever it stands.</summary>
    public string Payloads => string.Concat(_payloads);

    /// <summary>The header x-api-key of each request.</summary>
    public IReadOnlyList<string?> Keys => [.. _keys];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.MapPost("/v1/traces", (RequestDelegate)receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        _keys.Enqueue(context.Request.Headers["x-api-key"]);
        _payloads.Enqueue(Encoding.UTF8.GetString(body.ToArray()));
        // The numbers are those of opentelemetry/proto/trace/v1: requests hold resources, those scopes, those spans.
        foreach (var resource in new ProtobufFields(body.ToArray()).Messages(1))
        {
            var service = resource.Messages(1).SelectMany(one => one.Messages(1)).ToArray();
            foreach (var span in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                _spans.Enqueue(ReceivedSpan.Of(span, ReceivedSpan.Attributes(service)));
            }
        }

        context.Response.ContentType = "application/x-protobuf";
    }
}

/// <summary>A span as it came over the wire.</summary>
internal sealed record ReceivedSpan(string TraceId, string SpanId, string ParentId, string Name)
{
    public required bool IsClient { get; init; }

    public required bool IsError { get; init; }

    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    public required IReadOnlyDictionary<string, string> Resource { get; init; }

    public required IReadOnlyList<(string TraceId, string SpanId)> Links { get; init; }

    public static ReceivedSpan Of(ProtobufFields span, IReadOnlyDictionary<string, string> resource) =>
        new(span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5))
        {
            IsClient = span.Number(6) == 3,
            IsError = span.Messages(15).Any(status => status.Number(3) == 2),
            Tags = Attributes(span.Messages(9)),
            Resource = resource,
            Links = [.. span.Messages(13).Select(link => (link.Hex(1), link.Hex(2)))],
        };

    public static IReadOnlyDictionary<string, string> Attributes(IEnumerable<ProtobufFields> attributes) =>
        attributes.ToDictionary(one => one.Text(1), one => ValueOf(one.Messages(2).Single()));

    private static string ValueOf(ProtobufFields value)
    {
        if (value.Has(1))
        {
            return value.Text(1);
        }

        if (value.Has(5))
        {
            return string.Join(',', value.Messages(5).SelectMany(list => list.Messages(1)).Select(ValueOf));
        }

        if (value.Has(4))
        {
            return BitConverter.UInt64BitsToDouble(value.Number(4)).ToString(CultureInfo.InvariantCulture);
        }

        return value.Number(value.Has(2) ? 2 : 3).ToString(CultureInfo.InvariantCulture);
    }
}
