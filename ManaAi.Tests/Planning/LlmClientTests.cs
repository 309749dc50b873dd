using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ManaAi.Actors.Planning;

namespace ManaAi.Tests.Planning;

public sealed class LlmClientTests
{
    [Theory]
    [InlineData("", "/v1/chat/completions")]
    [InlineData("llm", "/llm/v1/chat/completions")]
    [InlineData("llm/gate/", "/llm/gate/v1/chat/completions")]
    public async Task The_base_address_may_have_a_path_and_a_slash(string path, string expected)
    {
        var heads = new List<string>();
        await using var server = new LlmScriptedServer(conversation =>
        {
            heads.Add(conversation.Head);
            return conversation.AnswerAsync(LlmBench.Saying("{}"));
        });
        using var client = LlmBench.Client(new Uri(server.Address, path));

        await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        heads.ShouldHaveSingleItem().ShouldStartWith($"POST {expected} HTTP/1.1\r\n");
        heads[0].ShouldContain($"Authorization: Bearer {LlmBench.Key}\r\n");
        heads[0].ShouldContain("Content-Type: application/json");
    }

    [Fact]
    public async Task The_key_is_asked_before_each_call_and_none_is_sent_where_there_is_none()
    {
        var heads = new List<string>();
        await using var server = new LlmScriptedServer(conversation =>
        {
            heads.Add(conversation.Head);
            return conversation.AnswerAsync(LlmBench.Saying("{}"));
        });
        var keys = new Queue<string?>(["first", " second\n", null, ""]);
        using var client = new LlmClient(server.Address, keys.Dequeue, LlmBench.Patient, TimeProvider.System);

        for (var calls = 0; calls < 4; calls++)
        {
            await client.CompleteAsync(LlmBench.Request, CancellationToken.None);
        }

        heads[0].ShouldContain("Bearer first");
        heads[1].ShouldContain("Bearer second\r\n");
        heads[2].ShouldNotContain("Authorization");
        heads[3].ShouldNotContain("Authorization");
    }

    [Fact]
    public async Task Nobody_listening_is_told_as_connect()
    {
        var server = new LlmScriptedServer(conversation => conversation.HangAsync());
        var address = server.Address;
        await server.DisposeAsync();
        using var client = LlmBench.Client(address);

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        LlmBench.Tell(outcome).ShouldBe("unavailable connect: ConnectionError (ConnectionRefused)");
    }

    [Fact]
    public async Task A_connection_that_does_not_come_about_ends_at_its_own_limit()
    {
        // A queue of one that nobody empties: once it is full, the kernel ignores whoever knocks.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(listener.LocalEndPoint!);
        using var client = LlmBench.Client(
            new Uri($"http://{listener.LocalEndPoint}"),
            LlmBench.NoConnection
        );
        var startedAt = TimeProvider.System.GetTimestamp();

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        LlmBench.Tell(outcome).ShouldBe("unavailable connect: no connection within the limit");
        TimeProvider
            .System.GetElapsedTime(startedAt)
            .ShouldBeInRange(
                LlmBench.ShortLimit - TimeSpan.FromMilliseconds(30),
                LlmBench.ShortLimit + TimeSpan.FromSeconds(1)
            );
    }

    [Fact]
    public async Task A_handshake_that_is_not_answered_ends_at_the_limit_of_the_connection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = LlmBench.Client(
            new Uri($"https://{listener.LocalEndpoint}"),
            LlmBench.NoConnection
        );

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        LlmBench.Tell(outcome).ShouldBe("unavailable connect: no connection within the limit");
    }

    [Fact]
    public async Task A_server_without_TLS_is_told_as_connect()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = LlmBench.Client(new Uri($"https://{listener.LocalEndpoint}"));

        var call = client.CompleteAsync(LlmBench.Request, CancellationToken.None);
        using (var socket = await listener.AcceptSocketAsync())
        {
            await socket.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            LlmBench.Tell(await call).ShouldStartWith("unavailable connect: SecureConnectionError");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")]
    [InlineData("HTTP/1.1 429 Slow down\r\nContent-Length: 100\r\n\r\n{")]
    public async Task Only_the_callers_own_cancellation_throws(string answer)
    {
        using var cancellation = new CancellationTokenSource();
        await using var server = new LlmScriptedServer(async conversation =>
        {
            await conversation.SendAsync(answer);
            await cancellation.CancelAsync();
            await conversation.HangAsync();
        });
        using var client = LlmBench.Client(server.Address);

        var exception = await Should.ThrowAsync<OperationCanceledException>(() =>
            client.CompleteAsync(LlmBench.Request, cancellation.Token)
        );

        exception.CancellationToken.ShouldBe(cancellation.Token);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_before_it_begins_sends_nothing()
    {
        await using var server = new LlmScriptedServer(conversation => conversation.AnswerAsync("{}"));
        using var client = LlmBench.Client(server.Address);

        await Should.ThrowAsync<OperationCanceledException>(() =>
            client.CompleteAsync(LlmBench.Request, new CancellationToken(canceled: true))
        );

        server.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task A_request_that_may_have_been_paid_for_is_never_sent_again()
    {
        var answer = LlmBench.Saying("{}");
        var requests = 0;
        await using var server = new LlmScriptedServer(async conversation =>
        {
            Interlocked.Increment(ref requests);
            await conversation.SendAsync(
                $"HTTP/1.1 200 OK\r\nContent-Length: {answer.Length}\r\n\r\n{answer}"
            );
            await conversation.ReadRequestAsync();
            Interlocked.Increment(ref requests);
            conversation.Reset();
        });
        using var client = LlmBench.Client(server.Address);

        var first = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);
        var second = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        LlmBench.Tell(first).ShouldBe("answered stop: {}");
        LlmBench.Tell(second).ShouldBe("unavailable transport: the connection broke (ConnectionReset)");
        requests.ShouldBe(2);
        server.Requests.ShouldBe(1); // On a new connection the second would have come again.
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task The_key_follows_no_redirect(int status)
    {
        await using var other = new LlmScriptedServer(conversation =>
            conversation.AnswerAsync(LlmBench.Saying("{}"))
        );
        await using var server = new LlmScriptedServer(conversation =>
            conversation.AnswerAsync(
                "",
                $"{status} Away",
                $"Location: {other.Address}v1/chat/completions\r\n"
            )
        );
        using var client = LlmBench.Client(server.Address);

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        outcome.ShouldBeOfType<LlmOutcome.Unavailable>().Kind.ShouldBe("redirect");
        other.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task A_retry_date_is_counted_from_the_clock_that_was_given()
    {
        await using var server = new LlmScriptedServer(conversation =>
            conversation.AnswerAsync("", "429 Slow", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        );
        using var client = new LlmClient(server.Address, () => null, LlmBench.Patient, new November1994());

        var outcome = await client.CompleteAsync(LlmBench.Request, CancellationToken.None);

        outcome.ShouldBe(new LlmOutcome.RateLimited(TimeSpan.FromSeconds(37)));
    }

    [Fact]
    public async Task Calls_do_not_wait_for_each_other()
    {
        var inside = 0;
        var all = new TaskCompletionSource();
        await using var server = new LlmScriptedServer(async conversation =>
        {
            if (Interlocked.Increment(ref inside) == 50)
            {
                all.SetResult();
            }

            await all.Task;
            await conversation.AnswerAsync(LlmBench.Saying("{}"));
        });
        using var client = LlmBench.Client(server.Address);

        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, 50)
                .Select(_ => client.CompleteAsync(LlmBench.Request, CancellationToken.None))
        );

        outcomes.ShouldAllBe(outcome => outcome is LlmOutcome.Answered);
    }

    [Fact]
    public async Task What_is_sent_is_the_request_in_full()
    {
        var bodies = new List<string>();
        await using var server = new LlmScriptedServer(conversation =>
        {
            bodies.Add(conversation.Body);
            return conversation.AnswerAsync(LlmBench.Saying("{}"));
        });
        using var client = LlmBench.Client(server.Address);
        var large = LlmBench.Request with { Messages = [new("user", new string('x', 500_000))] };

        await client.CompleteAsync(large, CancellationToken.None);

        JsonDocument
            .Parse(bodies.ShouldHaveSingleItem())
            .RootElement.GetProperty("messages")[0]
            .GetProperty("content")
            .GetString()!
            .Length.ShouldBe(500_000);
    }

    private sealed class November1994 : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(1994, 11, 6, 8, 49, 0, TimeSpan.Zero);
    }
}
