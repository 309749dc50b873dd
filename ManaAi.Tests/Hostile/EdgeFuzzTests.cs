using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ManaAi.Tests.Whole;

namespace ManaAi.Tests.Hostile;

/// <summary>
/// Requests that nobody sends by mistake, over bare sockets to a whole node on a real database: methods, paths, queries,
/// headers and bodies as a seed says. Whatever comes, the answer is one of those that are meant.
/// </summary>
public sealed class EdgeFuzzTests : WholeTests
{
    private const int Senders = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    // Kestrel's own word for a version of HTTP that there is not: the only answer beyond 499 that a request can want.
    private const int VersionNotSupported = 505;

    private static readonly string[] Methods =
    [
        "GET",
        "POST",
        "PUT",
        "DELETE",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "get",
        "X",
    ];

    private static readonly string[] Paths =
    [
        "/health",
        "/health/ready",
        "/metrics",
        "/openapi/v1.json",
        "/internal/tick",
        "/internal/status",
        "/internal/nodes",
        "/internal/events?limit=10&after=1",
        "/internal/events?user=user-1&mission=mission-1",
        "/internal/runs?limit=5&verdict=planned&user=user-1",
        "/internal/runs/1",
        "/internal/runs/1/retry",
        "/internal/runs/1/cancel",
        "/internal/missions?user=user-1&state=active&limit=5",
        "/internal/missions/user-1/mission-1",
        "/internal/missions/user-1/mission-1/why",
        "/internal/missions/user-1/mission-1/run-now",
        "/internal/missions/user-1/mission-1/dry-run",
        "/internal/usage?from=2026-01-01&to=2026-02-01&by=day",
        "/internal/pauses",
        "/internal/pause",
        "/internal/resume",
        "/",
        "*",
    ];

    private static readonly string[] Pieces =
    [
        "%00",
        "%0d%0aX-Injected:%201",
        "%",
        "%ff",
        "%F0%9F%98%80",
        "%ED%A0%80",
        "..",
        "/../",
        "//",
        "\\",
        "'",
        "\"",
        ";--",
        "$1",
        "{0}",
        "<script>",
        "?",
        "&limit=99999999999999999999",
        "&limit=-1",
        "&limit=NaN",
        "&from=9999-12-31T23:59:59Z",
        "&from=-infinity",
        "&after=9223372036854775807",
        "#",
        " ",
        "\t",
        "\0",
        "é",
    ];

    private static readonly string[] Bodies =
    [
        "",
        "{}",
        "null",
        """{"scope":"all","reason":"x"}""",
        """{"scope":"user","userId":"user-1","missionId":"mission-1","reason":"x","until":"2026-01-01T00:00:00Z"}""",
        """{"by":"someone","reason":"x"}""",
        new string('[', 2000),
        new string('x', 70_000),
    ];

    private static readonly string[] Headers =
    [
        "Content-Type: application/json",
        "Content-Type: text/plain; charset=utf-7",
        "Content-Encoding: gzip",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Content-Length: 5",
        "Content-Length: -5",
        "Expect: 100-continue",
        "Accept: text/html",
        "Accept: */*;q=x",
        "Authorization: Bearer x",
        "Authorization: Basic Zm9v",
        "X-Service-Key: ",
        "X-Forwarded-For: 127.0.0.1",
        "X-HTTP-Method-Override: DELETE",
        "Origin: https://elsewhere.example",
        "Cookie: a=b; a=c",
        "If-None-Match: *",
        "Range: bytes=0-",
        "Last-Event-ID: x",
        "Upgrade: h2c",
        "Host: ",
        "X: \u0001",
        ": x",
    ];

    [Theory]
    [InlineData(20260403)]
    public async Task No_request_makes_an_answer_that_is_not_meant(int seed)
    {
        await InsertDueAsync();
        var node = await StartAsync();
        await node.TickAsync();
        var rounds = FuzzRounds.Of(2_000, 20_000);

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, Senders)
                .Select(sender => SendAsync(node.Address, new Random(seed + sender), rounds / Senders))
        );

        var statuses = answers.SelectMany(one => one).ToList();
        statuses.ShouldContain(200); // Else nothing behind the edge was asked.
        statuses.ShouldContain(400);
        statuses.ShouldContain(401);
        statuses.ShouldContain(413);
        (await node.ReadinessAsync()).Status.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<List<int>> SendAsync(Uri address, Random random, int rounds)
    {
        List<int> statuses = [];
        for (var round = 0; round < rounds; round++)
        {
            var request = Request(random);
            var answer = await AskAsync(address, request);
            if (answer.Length == 0)
            {
                continue; // Closed without a word, as a request that ended early is.
            }

            answer.ShouldStartWith("HTTP/1.1 ");
            var status = int.Parse(answer.AsSpan(9, 3), CultureInfo.InvariantCulture);
            var isMeant = status is < 500 or VersionNotSupported;
            isMeant.ShouldBeTrue($"{answer}\n\nto: {request[..Math.Min(request.Length, 500)]}");
            foreach (var word in (string[])["\nServer:", "\nX-Injected:", "   at ", "Npgsql", "SELECT "])
            {
                answer.ShouldNotContain(word, Case.Sensitive, request[..Math.Min(request.Length, 500)]);
            }

            statuses.Add(status);
        }

        return statuses;
    }

    private static string Request(Random random)
    {
        var path = Paths[random.Next(Paths.Length)];
        if (random.Next(3) > 0)
        {
            path = "/" + Mutation.Of(path.TrimStart('/'), Pieces, random);
        }

        var version = random.Next(20) == 0 ? "HTTP/2.7" : "HTTP/1.1";
        var method = Methods[random.Next(random.Next(3) == 0 ? Methods.Length : 2)];
        var request = new StringBuilder($"{method} {path} {version}\r\nHost: x\r\nConnection: close\r\n");
        if (random.Next(5) > 0)
        {
            request.Append("X-Service-Key: ").Append(WholeNode.Key).Append("\r\n");
        }

        for (var headers = random.Next(3); headers > 0; headers--)
        {
            request.Append(Headers[random.Next(Headers.Length)]).Append("\r\n");
        }

        var body = Bodies[random.Next(random.Next(4) == 0 ? Bodies.Length : Bodies.Length - 2)];
        body = random.Next(2) == 0 ? body : Mutation.Of(body, Pieces, random);
        if (body.Length > 0)
        {
            request
                .Append("Content-Type: application/json\r\nContent-Length: ")
                .Append(body.Length)
                .Append("\r\n");
        }

        return request.Append("\r\n").Append(body).ToString();
    }

    /// <summary>What comes at first: a stream of events goes on after it.</summary>
    private static async Task<string> AskAsync(Uri address, string request)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, address.Port);
        await using var stream = client.GetStream();
        var buffer = new byte[8192];
        var count = 0;
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
            var answer = stream.ReadAtLeastAsync(buffer, 12, throwOnEndOfStream: false).AsTask();
            try
            {
                await answer.WaitAsync(Patience);
            }
            catch (TimeoutException)
            {
                // Who waits for more than was sent is told that this is all: only now, since whoever says so at once
                // is taken for gone, and gets no answer.
                client.Client.Shutdown(SocketShutdown.Send);
            }

            count = await answer;
        }
        catch (IOException)
        {
            // It may close while the rest of what it has refused is still on the way.
        }
        catch (SocketException)
        {
            // The same, seen when our side is closed.
        }

        return Encoding.Latin1.GetString(buffer, 0, count);
    }
}
