using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ManaAi.Tests.Internal;

/// <summary>What holds for every request, whichever endpoint it is for, and for those that are no request at all.</summary>
public sealed class EdgeTests : IAsyncLifetime
{
    private RunningHost _host = null!;

    public async Task InitializeAsync() => _host = await RunningHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("GET /health", "Content-Length: 65537", "413")]
    [InlineData("GET /health", "Content-Length: 65536", "200")]
    [InlineData("GET /health", "Content-Length: 99999999999", "413")]
    [InlineData("GET /metrics", "Content-Length: 65537", "413")]
    [InlineData("POST /internal/tick", "Content-Length: 65537", "413")]
    [InlineData("POST /nowhere", "Content-Length: 65537", "413")]
    [InlineData("GET /health", "Transfer-Encoding: chunked", "413")]
    [InlineData("POST /nowhere", "Transfer-Encoding: chunked", "413")]
    public async Task A_body_is_bounded_also_where_nobody_has_a_use_for_it(
        string line,
        string framing,
        string status
    )
    {
        var isChunked = framing.Contains("chunked", StringComparison.Ordinal);
        var body = isChunked
            ? string.Concat(Enumerable.Repeat($"8000\r\n{new string('x', 0x8000)}\r\n", 3)) + "0\r\n\r\n"
            : new string('x', 65_536);

        (
            await AskAsync($"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{framing}\r\n\r\n{body}")
        ).ShouldStartWith($"HTTP/1.1 {status} ");
    }

    [Fact]
    public void Requests_are_bounded_in_size_and_time()
    {
        var limits = _host.Option<KestrelServerOptions>().Limits;

        limits.MaxRequestBodySize.ShouldBe(64 * 1024);
        limits.MaxRequestHeadersTotalSize.ShouldBe(16 * 1024);
        limits.MaxRequestHeaderCount.ShouldBe(64);
        limits.MaxRequestLineSize.ShouldBe(4 * 1024);
        limits.MaxConcurrentConnections.ShouldBe(1000);
        limits.RequestHeadersTimeout.ShouldBe(TimeSpan.FromSeconds(10));
        limits.KeepAliveTimeout.ShouldBe(TimeSpan.FromMinutes(2));
        limits.MinRequestBodyDataRate!.BytesPerSecond.ShouldBe(4096);
        limits.MinResponseDataRate.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("GET / HTTP/9.9\r\n\r\n", "505")]
    [InlineData("GET /\r\n\r\n", "400")]
    [InlineData("\u0001\u0002 / HTTP/1.1\r\nHost: x\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", "400")]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400")]
    public async Task What_is_no_request_is_refused_without_a_word_or_a_banner(string request, string status)
    {
        var answer = await AskAsync(request);

        answer.ShouldStartWith($"HTTP/1.1 {status} ");
        answer.ShouldContain("Content-Length: 0\r\n");
        answer.ShouldContain("Connection: close\r\n");
        answer.ShouldEndWith("\r\n\r\n");
        answer.ShouldNotContain("Server:");
    }

    [Fact]
    public async Task A_line_or_headers_beyond_their_bounds_are_refused()
    {
        (
            await AskAsync($"GET /{new string('x', 5000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        ).ShouldStartWith("HTTP/1.1 414 ");
        (
            await AskAsync($"GET / HTTP/1.1\r\nHost: x\r\nX: {new string('x', 17_000)}\r\n\r\n")
        ).ShouldStartWith("HTTP/1.1 431 ");
        var many = string.Concat(Enumerable.Range(0, 65).Select(at => $"X-{at}: x\r\n"));
        (await AskAsync($"GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")).ShouldStartWith("HTTP/1.1 431 ");
    }

    [Theory]
    [InlineData("OPTIONS", "/internal/status")]
    [InlineData("OPTIONS", "/health")]
    [InlineData("GET", "/health")]
    [InlineData("GET", "/internal/status")]
    public async Task No_other_site_is_let_in_by_a_browser(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("Origin", "https://elsewhere.example");
        request.Headers.Add("Access-Control-Request-Method", "GET");
        request.Headers.Add("X-Service-Key", RunningHost.Key);

        using var answer = await _host.Http.SendAsync(request);

        answer
            .Headers.Select(header => header.Key)
            .ShouldAllBe(name => !name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        answer.Headers.GetValues("Cross-Origin-Resource-Policy").ShouldBe(["same-origin"]);
        answer.IsSuccessStatusCode.ShouldBe(method is "GET");
    }

    [Theory]
    [InlineData("GET", "/nowhere", null, 404)]
    [InlineData("PUT", "/health", null, 405)]
    [InlineData("GET", "/internal/status", "wrong", 401)]
    [InlineData("POST", "/internal/tick", RunningHost.Key, 500)]
    public async Task Errors_carry_the_security_headers_too(
        string method,
        string path,
        string? key,
        int status
    )
    {
        _host.Actors.OnTick = _ => throw new InvalidOperationException();

        using var answer = await _host.SendAsync(new HttpMethod(method), path, key);

        ((int)answer.StatusCode).ShouldBe(status);
        foreach (
            var name in (string[])
                [
                    "X-Content-Type-Options",
                    "X-Frame-Options",
                    "Content-Security-Policy",
                    "Referrer-Policy",
                    "Cross-Origin-Resource-Policy",
                ]
        )
        {
            answer.Headers.Contains(name).ShouldBeTrue(name);
        }

        answer.Headers.Contains("Server").ShouldBeFalse();
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    private async Task<string> AskAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _host.Address.Port);
        await using var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        }
        catch (IOException)
        {
            // It may close while the rest of what it has refused is still on the way.
        }

        var answer = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer) is > 0 and var count)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // A reset after the answer, for the same reason.
        }

        return answer.ToString();
    }
}
