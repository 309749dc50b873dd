using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ManaAi.Tests.Support;

/// <summary>Stands in front of a server and can take it away: connections are reset, and new ones refused.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly IPEndPoint _server;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile bool _isDown;
    private volatile bool _isMute;
    private volatile byte[]? _lost;

    public TcpProxy(IPEndPoint server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>From now on the server is gone, for those who are connected too.</summary>
    public void TakeAway()
    {
        _isDown = true;
        Cut();
    }

    public void GiveBack() => _isDown = false;

    /// <summary>
    /// From now on nothing gets through and nobody is told, as when a machine between them has lost its power.
    /// </summary>
    public void Mute() => _isMute = true;

    /// <summary>New connections get through again; the mute ones stay mute for ever.</summary>
    public void Unmute() => _isMute = false;

    /// <summary>
    /// The next COMMIT on a connection on which this was said reaches the server, and its answer nobody: the connection
    /// ends instead.
    /// </summary>
    public void LoseAnswerToCommitAfter(string said) => _lost = Encoding.UTF8.GetBytes(said);

    /// <summary>Resets every connection there is.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys)
        {
            socket.Close(0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        TakeAway();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                _ = ServeAsync(client);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _open[client] = true;
        _open[server] = true;
        try
        {
            if (!_isDown)
            {
                await server.ConnectAsync(_server, _stop.Token);
                var link = new Link(this);
                await Task.WhenAny(
                    CopyAsync(client, server, link.Hear),
                    CopyAsync(server, client, _ => !link.IsLost)
                );
            }
        }
        catch (Exception exception)
            when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Cut, here or there.
        }
        finally
        {
            _open.TryRemove(client, out _);
            _open.TryRemove(server, out _);
            client.Close(0);
        }
    }

    /// <param name="isPassed">Asked for each piece before it goes on; false ends the connection.</param>
    private async Task CopyAsync(Socket from, Socket to, Func<ReadOnlyMemory<byte>, bool> isPassed)
    {
        var buffer = new byte[16 * 1024];
        var isMute = false;
        try
        {
            int count;
            while (!_isDown && (count = await from.ReceiveAsync(buffer, _stop.Token)) > 0)
            {
                isMute |= _isMute;
                if (isMute)
                {
                    continue;
                }

                if (!isPassed(buffer.AsMemory(0, count)))
                {
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, count), _stop.Token);
            }
        }
        catch (Exception exception)
            when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Cut, here or there.
        }
    }

    /// <summary>What was said on one connection.</summary>
    private sealed class Link(TcpProxy proxy)
    {
        private bool _isMeant;
        private volatile bool _isLost;

        public bool IsLost => _isLost;

        public bool Hear(ReadOnlyMemory<byte> piece)
        {
            _isMeant |= proxy._lost is { } lost && piece.Span.IndexOf(lost) >= 0;
            // The message ends with its text; the word alone stands in comments too.
            if (_isMeant && piece.Span.IndexOf("COMMIT\0"u8) >= 0)
            {
                _isLost = true;
                proxy._lost = null;
            }

            return true;
        }
    }
}
