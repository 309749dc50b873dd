using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ManaAi.Tests.Planning;

/// <summary>
/// A server that is a socket and a script: it can break every rule of HTTP, which a real one would not let us.
/// Each connection carries one request, runs the script, and is closed.
/// </summary>
internal sealed class LlmScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<LlmConversation, Task> _script;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private int _requests;

    public LlmScriptedServer(Func<LlmConversation, Task> script)
    {
        _script = script;
        _listener.Start();
        _loop = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>How many requests came in whole.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var conversations = new List<Task>();
        while (!_stopping.IsCancellationRequested)
        {
            var socket = await _listener.AcceptSocketAsync(_stopping.Token);
            socket.NoDelay = true;
            conversations.RemoveAll(conversation => conversation.IsCompleted);
            conversations.Add(ConverseAsync(socket));
        }
    }

    private async Task ConverseAsync(Socket socket)
    {
        using var conversation = new LlmConversation(socket, _stopping.Token);
        try
        {
            await conversation.ReadRequestAsync();
            Interlocked.Increment(ref _requests);
            await _script(conversation);
        }
        catch (Exception exception)
            when (exception
                    is IOException
                        or SocketException
                        or OperationCanceledException
                        or ObjectDisposedException
            )
        {
            // The client left, or the test is over. What the client made of it is what the test asks.
        }
    }
}

/// <summary>One connection, for a script.</summary>
internal sealed class LlmConversation(Socket socket, CancellationToken stopping) : IDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    public string Head { get; private set; } = "";

    public string Body { get; private set; } = "";

    public async Task ReadRequestAsync()
    {
        var received = new StringBuilder();
        var buffer = new byte[8192];
        while (!IsWhole(received.ToString()))
        {
            var read = await _stream.ReadAsync(buffer, stopping);
            if (read == 0)
            {
                throw new IOException("the client left before its request was whole");
            }

            received.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        var parts = received.ToString().Split("\r\n\r\n", 2);
        (Head, Body) = (parts[0], parts[1]);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes, stopping);

    /// <summary>A whole answer with a right length.</summary>
    public Task AnswerAsync(string body, string status = "200 OK", string headers = "") =>
        AnswerAsync(Encoding.UTF8.GetBytes(body), status, headers);

    public async Task AnswerAsync(byte[] body, string status = "200 OK", string headers = "")
    {
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{headers}\r\n"
        );
        await SendAsync((byte[])[.. Encoding.UTF8.GetBytes(head), .. body]);
    }

    /// <summary>As fast as the client takes it.</summary>
    public async Task SendForEverAsync(string text)
    {
        while (!stopping.IsCancellationRequested)
        {
            await SendAsync(text);
        }
    }

    /// <summary>Until the test is over.</summary>
    public Task HangAsync() => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stopping);

    public async Task DripAsync(string text, TimeSpan pause)
    {
        foreach (var one in Encoding.UTF8.GetBytes(text))
        {
            await SendAsync(new[] { one });
            await Task.Delay(pause, TimeProvider.System, stopping);
        }
    }

    /// <summary>The connection ends with RST.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    public void Dispose() => _stream.Dispose();

    private static bool IsWhole(string received)
    {
        var end = received.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return end >= 0 && received.Length - end - 4 >= Length(received[..end]);
    }

    private static int Length(string head) =>
        head.Split("\r\n")
            .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            .Select(line => int.Parse(line[15..], CultureInfo.InvariantCulture))
            .FirstOrDefault();
}
