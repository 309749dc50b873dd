using System.Buffers;

namespace ManaAi.Actors.Planning;

/// <summary>A rented buffer that grows up to a limit, so that a reply costs what it holds and no more.</summary>
internal sealed class LlmReplyBuffer(int bytesMax) : IDisposable
{
    private const int FirstBytes = 16 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(Math.Min(FirstBytes, bytesMax + 1));
    private int _count;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Math.Min(_count, bytesMax));

    /// <summary>Reads until the end or the limit.</summary>
    /// <returns>Whether the body ended within the limit.</returns>
    public async Task<bool> FillAsync(Stream body, LlmCallClock clock)
    {
        // One byte more than allowed, since only that byte tells "full" from "too large".
        while (_count <= bytesMax)
        {
            if (_count == _bytes.Length)
            {
                Grow();
            }

            clock.Heard();
            var read = await body.ReadAsync(_bytes.AsMemory(_count), clock.Token);
            if (read == 0)
            {
                return true;
            }

            _count += read;
        }

        return false;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _count = 0;
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(_bytes.Length * 2L, bytesMax + 1L));
        _bytes.AsSpan(0, _count).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
